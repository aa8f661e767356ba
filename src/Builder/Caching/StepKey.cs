using System.Diagnostics;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Builder.Caching;

/// <summary>
/// What a step asks, as a hash: its parent's key, its own fields and the digest of the files it reads. Never a time, a path of the
/// host or an id: the same question has the same key on every machine.
/// </summary>
internal static class StepKey
{
    /// <summary>Raised when the same question would give another tree, so that old answers are not used.</summary>
    private const string Format = "kleene 2";

    /// <summary>The key of the empty tree.</summary>
    public const string Scratch = "scratch";

    /// <summary>The one list of inputs.</summary>
    public static void Write(IKeyWriter writer, StepQuestion question)
    {
        writer.Field("format", Format);
        writer.Field("platform", question.Platform);
        writer.Field("parent", question.Parent);
        switch (question.Step)
        {
            case BuildStep.Run run:
                writer.Field("kind", "run");
                writer.Field("argv", run.Argv);
                writer.Environment("env", run.Environment, run.EnvironmentOrigins);
                writer.Field("user", run.User);
                writer.Field("workdir", run.WorkingDirectory);
                writer.Field("network", run.Network);
                if (run.Script is { } script)
                {
                    writer.Field("script", script);
                }

                WriteIfSet(writer, "security", run.IsInsecure ? "insecure" : "");
                WriteIfSet(writer, "hostname", run.Hostname);
                if (!run.Mounts.IsEmpty)
                {
                    writer.Field("mounts", [.. run.Mounts.SelectMany(MountKey.Of)]);
                    if (!question.Reads.IsEmpty)
                    {
                        writer.Reads("mounted", question.Reads);
                    }
                }

                break;
            case BuildStep.Copy copy:
                writer.Field("kind", "copy");
                writer.Reads("files", question.Reads);
                writer.Field("destination", copy.Destination);
                WriteIfSet(writer, "chown", copy.Owner);
                WriteIfSet(writer, "chmod", copy.Mode);
                WriteIfSet(writer, "links", copy.IsLinked ? "replaced" : "");
                WriteIfSet(writer, "parents", copy.KeepsParents ? "kept" : "");
                WriteIfSet(writer, "directories", copy.KeepsDirectories ? "kept" : "");
                WriteIfSet(writer, "missing", copy is { MayBeMissing: true, From: TreeOrigin.Stage or TreeOrigin.Image } ? "allowed" : "");
                if (copy.Add is { } add)
                {
                    writer.Field("unpack", add.Unpacks switch { true => "all", false => "none", null => "of the context" });
                    WriteIfSet(writer, "git directory", add.KeepsGitDirectory is true ? "kept" : "");
                }

                if (!copy.Exclude.IsEmpty)
                {
                    writer.Field("exclude", copy.Exclude);
                }

                if (!copy.Heredocs.IsEmpty)
                {
                    writer.Field("heredocs", [.. copy.Heredocs.SelectMany(file => new[] { file.Name, file.Content })]);
                }

                break;
            case BuildStep.Workdir workdir:
                writer.Field("kind", "workdir");
                writer.Field("path", workdir.Path);
                writer.Field("user", workdir.User);
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>What is not said leaves no trace, so that a new flag leaves the keys of files without it alone.</summary>
    private static void WriteIfSet(IKeyWriter writer, string name, string value)
    {
        if (value.Length > 0)
        {
            writer.Field(name, value);
        }
    }
}
