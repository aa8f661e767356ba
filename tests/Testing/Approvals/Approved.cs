using System.Text;
using Xunit;

namespace Kleene.Build.Testing.Approvals;

/// <summary>
/// Compares text with an approved file. With <c>KLEENE_APPROVE=1</c> in the environment the file is written instead;
/// the change is then reviewed like any other. Empty text stands for no file.
/// </summary>
public static class Approved
{
    private static bool Rewrites => Environment.GetEnvironmentVariable("KLEENE_APPROVE") == "1";

    public static void Matches(string actual, string path)
    {
        if (Rewrites)
        {
            Write(actual, path);
        }

        var expected = File.Exists(path) ? File.ReadAllText(path, Encoding.UTF8) : "";
        Assert.True(expected == actual, $"{path} does not hold what came out; KLEENE_APPROVE=1 accepts it\n{FirstDifference(expected, actual)}\n--- actual ---\n{actual}");
    }

    private static void Write(string actual, string path)
    {
        if (actual.Length == 0)
        {
            File.Delete(path);
            return;
        }

        File.WriteAllText(path, actual, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }

    private static string FirstDifference(string expected, string actual)
    {
        var (left, right) = (expected.Split('\n'), actual.Split('\n'));
        var line = 0;
        while (line < left.Length && line < right.Length && left[line] == right[line])
        {
            line++;
        }

        return $"line {line + 1}\n  approved: {left.ElementAtOrDefault(line)}\n  actual:   {right.ElementAtOrDefault(line)}";
    }
}
