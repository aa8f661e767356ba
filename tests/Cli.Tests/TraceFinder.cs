using System.Text;
using Kleene.Build.Runtime.Jails.Linux;

namespace Kleene.Build.Cli.Tests;

/// <summary>Looks for words that must not be anywhere, in every file of a state directory: trees, database, log of the database, locks; and what jails left in memory.</summary>
internal static class TraceFinder
{
    /// <summary>Nowhere on the disk.</summary>
    public static Task AssertNoTraceAsync(string root, params string[] words) => AssertNoTraceInAsync([root], words);

    /// <summary>Nor in memory, where jails that run have theirs.</summary>
    public static Task AssertForgottenAsync(string root, params string[] words) => AssertNoTraceInAsync([root, JailStateDirectory.For(root)], words);

    private static async Task AssertNoTraceInAsync(IEnumerable<string> directories, string[] words)
    {
        var looked = 0;
        foreach (var file in directories.SelectMany(Files))
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

    private static IEnumerable<string> Files(string directory) =>
        Directory.EnumerateFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint });

    private static async Task<byte[]> ContentAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var content = new byte[stream.Length];
        await stream.ReadExactlyAsync(content);
        return content;
    }
}
