using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// Reads <c>[SOURCE:]DESTINATION[:ro,idmap]</c> and <c>type=bind|volume|tmpfs,src=…,dst=…,readonly,idmap</c>. A source that is no path is the name of a
/// volume; a destination alone gets one that nobody named.
/// </summary>
internal static class MountOption
{
    private static readonly string[] Keys =
    [
        "type", "src", "source", "dst", "destination", "target", "readonly", "ro", "size", "tmpfs-size", "tmpfs-mode", "volume-nocopy", "bind-propagation", "consistency", "idmap",
        "volume-driver", "volume-opt", "volume-label", "volume-subpath", "bind-nonrecursive", "bind-recursive", "bind-create-src", "image-subpath",
    ];

    /// <summary>What others have and we do not; known, so that nobody is told of a slip.</summary>
    private static readonly string[] Missing =
        ["volume-driver", "volume-opt", "volume-label", "volume-subpath", "bind-nonrecursive", "bind-recursive", "bind-create-src", "image-subpath"];

    private static readonly string[] Words = ["ro", "rw", "nocopy", "idmap", "z", "Z"];

    private static readonly string[] Propagations = ["shared", "rshared", "slave", "rslave", "private", "rprivate"];

    /// <param name="option">What it was given to, for messages.</param>
    /// <exception cref="MountFormatException">It is not a mount.</exception>
    public static JailMount Read(string text, string option)
    {
        if (!Keys.Contains(text.Split('=', ',')[0].ToLowerInvariant()) || text.StartsWith('/') || !text.Contains('=', StringComparison.Ordinal))
        {
            return ReadShort(text, option);
        }

        try
        {
            return ReadFields(text, option);
        }
        catch (UsageException exception) when (exception is not MountFormatException)
        {
            throw new MountFormatException(exception.Message);
        }
    }

    /// <summary>A volume for a container alone.</summary>
    public static JailMount Anonymous(string destination) => new("", destination) { Volume = ContainerVolumes.NewName(), IsAnonymous = true };

    /// <summary>Whether something can be mounted there.</summary>
    public static bool IsPlace(string path) => path.StartsWith('/') && Path.GetFullPath(path) != "/" && !path.Contains('\0', StringComparison.Ordinal);

    public static string Destination(string path, string text, string option) =>
        IsPlace(path) ? path : throw new MountFormatException($"{option} '{text}' is not mounted at an absolute path below '/'");

    /// <summary>The sentences are klee's, which scripts may look for.</summary>
    private static JailMount ReadShort(string text, string option)
    {
        var parts = text.Split(':');
        return parts switch
        {
            [_] when text.StartsWith('/') => Anonymous(Destination(text, text, option)),
            [_] => throw new MountFormatException($"invalid mount format '{text}'. Must have at least 2 elements seperated by ':'."),
            [var destination, var words] when IsPlace(destination) && words.Split(',').All(word => Words.Contains(word) || Propagations.Contains(word)) => WithWords(Anonymous(destination), words, text, option),
            [var source, var destination] => Mount(source, destination, text, option),
            [var source, var destination, var words] => WithWords(Mount(source, destination, text, option), words, text, option),
            _ => throw new MountFormatException($"invalid mount format '{text}'. Max 3 elements seperated by ':'."),
        };
    }

    private static JailMount WithWords(JailMount mount, string words, string text, string option)
    {
        foreach (var word in words.Split(','))
        {
            mount = word switch
            {
                "ro" => mount with { ReadOnly = true },
                "rw" => mount with { ReadOnly = false },
                "nocopy" when mount.Volume.Length > 0 => mount with { StartsEmpty = true },
                "nocopy" => throw new MountFormatException($"{option} '{text}': 'nocopy' is for volumes; nothing is ever copied into a directory of the host"),
                "idmap" => mount with { MapsOwners = true },
                "z" or "Z" => Labelled(mount, word, text, option),
                "private" or "rprivate" => mount,
                _ when Propagations.Contains(word) => throw NoPropagation(word, text, option),
                _ => throw new MountFormatException($"invalid mount format '{text}'. Last element should be either 'ro' or 'rw'."),
            };
        }

        return mount;
    }

    /// <summary>Where SELinux is not at work there is nothing to label, and those who share their files ask for it everywhere.</summary>
    private static JailMount Labelled(JailMount mount, string word, string text, string option) =>
        !File.Exists("/sys/fs/selinux/enforce") ? mount : throw new MountFormatException($"{option} '{text}': '{word}' asks for a label of SELinux, and none is set here; set it with chcon(1) and leave '{word}' out");

    private static MountFormatException NoPropagation(string word, string text, string option) =>
        new($"{option} '{text}': '{word}' is not supported; what is mounted in a container reaches nobody else ('rprivate')");

    private static JailMount ReadFields(string text, string option)
    {
        var fields = OptionFields.Parse(text, option, Keys);
        if (Array.Find(Missing, fields.Has) is { } missing && !(missing == "volume-driver" && fields.Find(missing) == "local"))
        {
            throw fields.Wrong($"has '{missing}', which is not supported here; leave it out");
        }

        if (fields.Find("bind-propagation") is { } propagation && propagation is not ("private" or "rprivate"))
        {
            throw NoPropagation(propagation, text, option);
        }

        var destination = fields.Find("dst", "destination", "target") ?? throw fields.Wrong("has no destination; write dst=/path");
        return ReadType(fields, destination, text, option) with { ReadOnly = fields.IsOn("readonly", "ro"), MapsOwners = fields.IsOn("idmap") };
    }

    private static JailMount ReadType(OptionFields fields, string destination, string text, string option)
    {
        var source = fields.Find("src", "source");
        switch (fields.Find("type") ?? "volume")
        {
            case "tmpfs" when source is null:
                return JailMount.Memory(Destination(destination, text, option), OptionValues.Bytes(fields.Find("size", "tmpfs-size"), option))
                    with { Permissions = MemoryOption.Mode(fields.Find("tmpfs-mode"), text, option) };
            case "tmpfs":
                throw fields.Wrong("has a source, which memory has not");
            case "bind" when source is null:
                throw fields.Wrong("has no source; write src=/path");
            case "bind" when !source.StartsWith('/'):
                throw fields.Wrong($"binds '{source}', which is not an absolute path of the host");
            case "bind":
                return Mount(source, destination, text, option);
            case "volume" when source is null:
                return Anonymous(Destination(destination, text, option)) with { StartsEmpty = fields.IsOn("volume-nocopy") };
            case "volume" when source.StartsWith('/'):
                throw fields.Wrong($"names a path as a volume; write type=bind for '{source}'");
            case "volume":
                return Mount(source, destination, text, option) with { StartsEmpty = fields.IsOn("volume-nocopy") };
            case var type:
                throw fields.Wrong($"has the type '{type}'; there are bind, volume and tmpfs");
        }
    }

    private static JailMount Mount(string source, string destination, string text, string option)
    {
        var place = Destination(destination, text, option);
        if (!source.StartsWith('/'))
        {
            return new JailMount("", place) { Volume = Name(source, text, option) };
        }

        return Path.Exists(source) ? new JailMount(source, place) : throw new MountFormatException($"{option} '{text}': there is no '{source}' on the host");
    }

    private static string Name(string name, string text, string option)
    {
        try
        {
            return VolumeStore.Checked(name);
        }
        catch (KleeneException exception)
        {
            throw new MountFormatException($"{option} '{text}': {exception.Message}; a path of the host begins with '/'");
        }
    }
}
