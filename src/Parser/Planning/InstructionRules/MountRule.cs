using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>The mounts of a RUN.</summary>
internal static class MountRule
{
    private const string CacheNamespace = "BUILDKIT_CACHE_MOUNT_NS";
    private const string SecretDirectory = "/run/secrets/";

    /// <summary>Where other builders put the agent's socket; nobody should rely on it, so somebody does.</summary>
    private const string AgentSocket = "/run/buildkit/ssh_agent.";

    /// <summary>In the order in which they are to be mounted, those above before those below; null when one cannot be, which has been reported.</summary>
    public static ImmutableArray<RunMount>? Read(InstructionHead head, StagePlanner stage)
    {
        var mounts = new List<RunMount>();
        var targets = new HashSet<string>(StringComparer.Ordinal);
        var agents = 0;
        var good = true;
        foreach (var flag in head.AllFlags("mount"))
        {
            var values = MountValues.Read(MountSyntax.Read(flag), stage);
            var mount = values is null ? null : Plan(values, stage, ref agents);
            if (mount is null || values is not { IsGood: true })
            {
                good = false;
            }
            else if (mount.Target.Length > 0 && values.Find("target") is not { IsKnown: false } && !targets.Add(mount.Target))
            {
                good = false;
                values.Report(Rules.DuplicateMountTarget, values.WordOf("target"), $"'{mount.Target}' is mounted on twice by this RUN");
            }
            else
            {
                mounts.Add(mount);
            }
        }

        return good ? [.. mounts.OrderBy(mount => mount.Target.Count(c => c == '/'))] : null;
    }

    private static RunMount? Plan(MountValues values, StagePlanner stage, ref int agents) => values.Type switch
    {
        "bind" => Bind(values, stage),
        "cache" => Cache(values, stage),
        "tmpfs" => Target(values, stage) is { } target ? new RunMount.Tmpfs { Target = target, SizeBytes = values.Size(), IsReadOnly = IsReadOnly(values, otherwise: false) } : null,
        "secret" => Secret(values, stage),
        "ssh" => Ssh(values, stage, agents++),
        _ => throw new UnreachableException(),
    };

    private static RunMount.Bind? Bind(MountValues values, StagePlanner stage)
    {
        var origin = Origin(values, stage);
        var source = Source(values, origin ?? new TreeOrigin.Context());
        var isWritable = !IsReadOnly(values, otherwise: true);
        return Target(values, stage) is { } target && (origin is not null || !values.Has("from"))
            ? new RunMount.Bind { Target = target, From = origin ?? new TreeOrigin.Context(), Source = source, IsWritable = isWritable }
            : null;
    }

    private static RunMount.Cache? Cache(MountValues values, StagePlanner stage)
    {
        var origin = Origin(values, stage);
        var source = Source(values, origin);
        var sharing = values.OneOf<CacheSharing>("sharing") ?? CacheSharing.Shared;
        var access = values.Access();
        var isReadOnly = IsReadOnly(values, otherwise: false);
        return Target(values, stage) is { } target && (origin is not null || !values.Has("from"))
            ? new RunMount.Cache
            {
                Target = target,
                Id = values.Text("id", target),
                Namespace = stage.Context.Options.Arguments.Find(CacheNamespace) ?? "",
                Sharing = sharing,
                From = origin,
                Source = source,
                IsReadOnly = isReadOnly,
                Access = access,
            }
            : null;
    }

    private static RunMount.Secret? Secret(MountValues values, StagePlanner stage)
    {
        var access = values.Access();
        var isRequired = values.Flag("required") ?? false;
        var variable = Variable(values);
        _ = values.Flag("readonly");
        if (values.Has("id") && values.Has("source"))
        {
            values.Report(Rules.InvalidMountValue, values.WordOf("source"), "the secret has an 'id' already; 'source' is another word for it");
            return null;
        }

        var id = values.Text("id", values.Text("source", ""));
        var target = values.Has("target") ? Target(values, stage)
            : id.Length == 0 ? null
            : variable.Length > 0 ? "" : SecretDirectory + LastName(id);
        if (target is null)
        {
            if (!values.Has("target"))
            {
                values.Report(Rules.IncompleteMount, values.WordOf("type"), "a secret needs an id: the name that --secret gives it, as in id=token");
            }

            return null;
        }

        return new RunMount.Secret { Target = target, Id = id.Length > 0 ? id : LastName(target), IsRequired = isRequired, Variable = variable, Access = access };
    }

    private static RunMount.Ssh? Ssh(MountValues values, StagePlanner stage, int number)
    {
        var access = values.Access();
        var isRequired = values.Flag("required") ?? false;
        _ = values.Flag("readonly");
        var target = values.Has("target") ? Target(values, stage) : AgentSocket + number.ToString(CultureInfo.InvariantCulture);
        return target is null ? null : new RunMount.Ssh { Target = target, Id = values.Text("id", "default"), IsRequired = isRequired, Access = access };
    }

    /// <summary>Absolute: what is relative is below the working directory.</summary>
    private static string? Target(MountValues values, StagePlanner stage)
    {
        if (values.Find("target") is not { Value: var written, IsKnown: var isKnown })
        {
            // As in BuildKit, a bind without a target is seen in the working directory, which several files in the wild rely on.
            if (values is { IsGood: true, Type: "bind" } && !values.Has("target") && stage.WorkingDirectory != "/")
            {
                return stage.WorkingDirectory;
            }

            if (values.IsGood)
            {
                values.Report(Rules.IncompleteMount, values.WordOf("type"), $"a mount of type '{values.Type}' needs a target: the path where the command sees it, as in target=/src");
            }

            return null;
        }

        var target = ImagePath.Join(stage.WorkingDirectory, written);
        if (isKnown && target == "/")
        {
            values.Report(Rules.InvalidMountValue, values.WordOf("target"), $"'{written}' is the root of the image, which cannot be mounted on");
            return null;
        }

        return target;
    }

    private static TreeOrigin? Origin(MountValues values, StagePlanner stage) =>
        values.Has("from") ? OriginRule.Find(values.WordOf("from"), "RUN --mount from", stage) : null;

    /// <param name="origin">Null where the source is in the mount itself.</param>
    private static string Source(MountValues values, TreeOrigin? origin)
    {
        var source = values.Text("source", ".");
        if (origin is TreeOrigin.Context && !values.Has("from") && ImagePath.Escapes(source))
        {
            values.Report(Rules.PathOutsideContext, values.WordOf("source"), $"'{source}' lies outside the build context");
        }

        return ImagePath.Source(source);
    }

    private static bool IsReadOnly(MountValues values, bool otherwise)
    {
        var readOnly = values.Flag("readonly");
        var readWrite = values.Flag("readwrite");
        if (readOnly is { } one && readWrite == one)
        {
            values.Report(Rules.InvalidMountValue, values.WordOf("readwrite"), "the mount cannot be both 'readonly' and 'readwrite'");
        }

        return readOnly ?? !readWrite ?? otherwise;
    }

    private static string Variable(MountValues values)
    {
        var name = values.Text("env", "");
        if (values.Find("env") is { IsKnown: true } && (name.Contains('=') || name.Contains('\0')))
        {
            values.Report(Rules.InvalidMountValue, values.WordOf("env"), $"'{name}' cannot name a variable");
        }

        return name;
    }

    private static string LastName(string path) => path.TrimEnd('/')[(path.TrimEnd('/').LastIndexOf('/') + 1)..];
}
