using System.Globalization;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>What went through the interfaces of a jail that has a network of its own (proc_pid_net(5), dev).</summary>
internal static class NetworkTraffic
{
    private const int SentColumn = 8;

    /// <param name="processes">Of the jail: all see the same network.</param>
    /// <returns>Nulls where it is the host's network, or nobody is there any more.</returns>
    public static (long? Received, long? Sent) Of(IEnumerable<int> processes)
    {
        foreach (var pid in processes)
        {
            try
            {
                return NamespaceOf(pid.ToString(CultureInfo.InvariantCulture)) == NamespaceOf("self") ? (null, null) : Sum(File.ReadLines($"/proc/{pid}/net/dev"));
            }
            catch (IOException)
            {
                // This one has ended meanwhile.
                continue;
            }
        }

        return (null, null);
    }

    /// <summary>Two lines of headings, then <c>eth0: RECEIVED … SENT …</c>. What stays on the loopback interface is no traffic.</summary>
    internal static (long Received, long Sent) Sum(IEnumerable<string> lines)
    {
        var (received, sent) = (0L, 0L);
        foreach (var line in lines)
        {
            var parts = line.Split(':', 2);
            if (parts.Length == 2 && parts[0].Trim() != "lo" && parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > SentColumn } numbers)
            {
                received += long.Parse(numbers[0], CultureInfo.InvariantCulture);
                sent += long.Parse(numbers[SentColumn], CultureInfo.InvariantCulture);
            }
        }

        return (received, sent);
    }

    private static string? NamespaceOf(string process) => new FileInfo($"/proc/{process}/ns/net").LinkTarget;
}
