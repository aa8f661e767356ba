using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Cli.Commands;

/// <summary>Reads <c>SOURCE:DESTINATION[:ro]</c> and <c>type=bind|volume|tmpfs,src=…,dst=…,readonly</c>. A source that is no path is the name of a volume.</summary>
internal static class MountOption
{
    private static readonly string[] Keys = ["type", "src", "source", "dst", "destination", "target", "readonly", "ro", "size", "tmpfs-size"];

    /// <param name="option">What it was given to, for messages.</param>
    public static JailMount Read(string text, string option) =>
        Keys.Contains(text.Split('=', ',')[0].ToLowerInvariant()) && !text.StartsWith('/') && text.Contains('=', StringComparison.Ordinal) ? ReadFields(text, option) : ReadShort(text, option);

    private static JailMount ReadShort(string text, string option)
    {
        var parts = text.Split(':');
        return parts.Length is 2 or 3 && parts is not [_, _, not ("ro" or "rw")]
            ? Mount(parts[0], parts[1], parts is [_, _, "ro"], text, option)
            : throw new UsageException($"{option} '{text}' is not a mount; write SOURCE:DESTINATION[:ro], the source a path of the host or the name of a volume");
    }

    private static JailMount ReadFields(string text, string option)
    {
        var fields = OptionFields.Parse(text, option, Keys);
        var source = fields.Find("src", "source");
        var destination = fields.Find("dst", "destination", "target") ?? throw fields.Wrong("has no destination; write dst=/path");
        var type = fields.Find("type") ?? "volume";
        var isReadOnly = fields.IsOn("readonly", "ro");
        switch (type)
        {
            case "tmpfs" when source is null:
                return JailMount.Memory(Destination(destination, text, option), OptionValues.Bytes(fields.Find("size", "tmpfs-size"), option)) with { ReadOnly = isReadOnly };
            case "tmpfs":
                throw fields.Wrong("has a source, which memory has not");
            case "bind" when source is not null && !source.StartsWith('/'):
                throw fields.Wrong($"binds '{source}', which is not an absolute path of the host");
            case "volume" when source is not null && source.StartsWith('/'):
                throw fields.Wrong($"names a path as a volume; write type=bind for '{source}'");
            case "bind" or "volume":
                return Mount(source ?? throw fields.Wrong("has no source; write src=..."), destination, isReadOnly, text, option);
            default:
                throw fields.Wrong($"has the type '{type}'; there are bind, volume and tmpfs");
        }
    }

    private static JailMount Mount(string source, string destination, bool isReadOnly, string text, string option)
    {
        var place = Destination(destination, text, option);
        if (!source.StartsWith('/'))
        {
            return new JailMount("", place, isReadOnly) { Volume = Name(source, text, option) };
        }

        return Path.Exists(source) ? new JailMount(source, place, isReadOnly) : throw new UsageException($"{option} '{text}': there is no '{source}' on the host");
    }

    private static string Destination(string path, string text, string option) =>
        path.StartsWith('/') && !path.All(c => c == '/') ? path : throw new UsageException($"{option} '{text}' is not mounted at an absolute path below '/'");

    private static string Name(string name, string text, string option)
    {
        try
        {
            return VolumeStore.Checked(name);
        }
        catch (KleeneException exception)
        {
            throw new UsageException($"{option} '{text}': {exception.Message}; a path of the host begins with '/'");
        }
    }
}
