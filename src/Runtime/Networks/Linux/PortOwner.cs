using System.Globalization;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>Which program has a port of the host.</summary>
internal static class PortOwner
{
    private const string Listening = "0A"; // TCP_LISTEN in /proc/net/tcp (proc(5))

    /// <summary>Looks for the socket in all processes, which takes its time: only for an error message.</summary>
    public static string Of(PortProtocol protocol, int number)
    {
        var name = protocol.ToString().ToLowerInvariant();
        var inodes = new[] { name, name + "6" }
            .Select(table => $"/proc/thread-self/net/{table}")
            .Where(File.Exists)
            .SelectMany(File.ReadLines)
            .Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 9 && fields[1].EndsWith($":{number.ToString("X4", CultureInfo.InvariantCulture)}", StringComparison.Ordinal))
            .Where(fields => protocol == PortProtocol.Udp || fields[3] == Listening)
            .Select(fields => $"socket:[{fields[9]}]")
            .ToHashSet(StringComparer.Ordinal);
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(directory => Path.GetFileName(directory).All(char.IsAsciiDigit)))
        {
            try
            {
                if (Directory.EnumerateFiles(Path.Join(process, "fd")).Any(file => new FileInfo(file).LinkTarget is { } target && inodes.Contains(target)))
                {
                    return $"'{File.ReadAllText(Path.Join(process, "comm")).Trim()}' (process {Path.GetFileName(process)})";
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended while we looked.
            }
        }

        return "another program";
    }
}
