using System.Security.Cryptography;
using System.Text;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Builder.Tests.Differential;

/// <summary>A command whose result tells apart everything that it could see: of two that saw something else, the trees are other.</summary>
internal static class PlayedCommand
{
    private const string CachePlace = "/cache";

    public static async Task<ExitStatus> RunAsync(JailSpec spec, IOutputSink output, CancellationToken cancellationToken)
    {
        var seen = new StringBuilder();
        seen.AppendJoin('\0', spec.Process.Argv).Append('\n').AppendJoin('\0', spec.Process.Environment).Append('\n');
        seen.Append(spec.Process.User).Append('\n').Append(spec.Process.WorkingDirectory).Append('\n').AppendLine(spec.Hostname);
        seen.AppendLine(TreeOf(spec.Root));
        foreach (var mount in spec.Mounts)
        {
            // What a cache holds is nobody's question.
            seen.AppendLine(mount.Destination).AppendLine(mount.Destination == CachePlace ? "" : TreeOf(mount.Source));
        }

        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(seen.ToString())));
        output.WriteLine(OutputKind.Output, digest);
        var directory = Directory.CreateDirectory(Path.Join(spec.Root, "d"));
        await File.WriteAllTextAsync(Path.Join(directory.FullName, spec.Process.Argv[^1].Split(' ')[0]), digest, cancellationToken);

        // Some take something away.
        var copied = Path.Join(spec.Root, "srv");
        if (digest[0] < '4' && Directory.Exists(copied) && Directory.GetFiles(copied).Order(StringComparer.Ordinal).FirstOrDefault() is { } first)
        {
            File.Delete(first);
        }

        return new ExitStatus(0);
    }

    /// <summary>A tree as text, without times: those of what is made now are never the same.</summary>
    public static string TreeOf(string path)
    {
        if (!Directory.Exists(path))
        {
            return Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
        }

        // The name, kind, mode and owner stand before the time.
        var lines = TreeText.Of(path).Split('\n').Select(line => line.Split(' '));
        return string.Join('\n', lines.Select(fields => string.Join(' ', [.. fields[..4], .. fields[5..]])));
    }
}
