using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>Reads <c>--device HOST[:CONTAINER[:ACCESS]]</c>.</summary>
internal static class DeviceOption
{
    public const string Name = "--device";

    public static JailDevice Read(string text)
    {
        var (host, container, access) = text.Split(':') switch
        {
            [var one] => (one, one, "rwm"),
            [var one, var rights] when rights.Length > 0 && rights.All(c => c is 'r' or 'w' or 'm') => (one, one, rights),
            [var one, var other] => (one, other, "rwm"),
            [var one, var other, var rights] => (one, other, rights),
            _ => ("", "", ""),
        };
        if (!IsPath(host) || !IsPath(container) || access.Length is 0 or > 3 || access.Any(c => c is not ('r' or 'w' or 'm')) || access.Distinct().Count() < access.Length)
        {
            throw new UsageException($"{Name} '{text}' is not a device; write HOST[:CONTAINER[:rwm]] with absolute paths, as /dev/fuse or /dev/sda:/dev/disk:r");
        }

        return container.StartsWith("/dev/", StringComparison.Ordinal)
            ? new JailDevice(host, container, access)
            : throw new UsageException($"{Name} '{text}': '{container}' is not beneath /dev, where alone devices can be opened; write {host}:/dev/NAME");
    }

    /// <summary>An absolute path without anything that walks upwards or that does not print.</summary>
    public static bool IsPath(string path) =>
        path.Length > 1 && path[0] == '/' && path[^1] != '/' && !path.Any(char.IsControl) && !path.Split('/').Skip(1).Any(part => part is "" or "." or "..");
}
