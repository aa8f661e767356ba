using System.Text;

namespace Kleene.Build.Cli.Tests;

/// <summary>Looks for words that must not be anywhere, in every file of a state directory: trees, database, log of the database, locks.</summary>
internal static class TraceFinder
{
    public static async Task AssertNoTraceAsync(string root, params string[] words)
    {
        var looked = 0;
        foreach (var file in Directory.EnumerateFiles(root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            var content = await ContentAsync(file);
            looked++;
            foreach (var word in words)
            {
                Assert.True(content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(word)) < 0, $"'{word}' is in '{file}'");
            }
        }

        Assert.True(looked > 1, "there is nothing to look at");
    }

    private static async Task<byte[]> ContentAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var content = new byte[stream.Length];
        await stream.ReadExactlyAsync(content);
        return content;
    }
}
