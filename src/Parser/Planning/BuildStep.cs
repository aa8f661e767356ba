using System.Collections.Immutable;

namespace Kleene.Build.Parser.Planning;

/// <summary>An instruction that changes files, with everything it asks for. Configuration instructions are folded into it.</summary>
public abstract record BuildStep
{
    private BuildStep()
    {
    }

    /// <summary>Position among the steps of its stage, from 1.</summary>
    public int Index { get; init; } = 1;

    /// <summary>The instruction in upper case: <c>RUN</c>, <c>COPY</c>, <c>WORKDIR</c>.</summary>
    public string Instruction { get; init; } = "";

    /// <summary>The instruction as written, continuations joined by one space.</summary>
    public string Text { get; init; } = "";

    /// <summary>The name of the file it stands in: the Kleenefile, or one that it includes.</summary>
    public string File { get; init; } = "";

    /// <summary>Lines and columns count from 1.</summary>
    public int Line { get; init; } = 1;

    public int EndLine { get; init; } = 1;

    public int Column { get; init; } = 1;

    /// <summary>Where it stands, as messages begin: <c>Kleenefile:3</c>.</summary>
    public string Place => $"{File}:{Line}";

    /// <summary>The stage's configuration as it is here, for whoever enters the image at this step.</summary>
    public StageConfig Config { get; init; } = new();

    /// <summary>The trees that the step reads beside its parent.</summary>
    public virtual IEnumerable<TreeOrigin> Origins => [];

    /// <summary>A command in a jail on a clone of the parent.</summary>
    public sealed record Run : BuildStep
    {
        /// <summary>What is executed, the shell included where the shell form was used.</summary>
        public required ImmutableArray<string> Argv { get; init; }

        /// <summary><c>NAME=value</c>: ENV and the ARGs in scope.</summary>
        public ImmutableArray<string> Environment { get; init; } = [];

        /// <summary>Where each entry of <see cref="Environment"/> is from. It says nothing of what is built.</summary>
        public ImmutableArray<VariableOrigin> EnvironmentOrigins { get; init; } = [];

        /// <summary>
        /// <c>NAME=value</c> of the proxies passed as build arguments. They say how the network is reached and not what is built:
        /// the command gets them, the cache key and the history do not.
        /// </summary>
        public ImmutableArray<string> ProxyEnvironment { get; init; } = [];

        public string User { get; init; } = "";

        /// <summary>Absolute.</summary>
        public string WorkingDirectory { get; init; } = "/";

        /// <summary><c>default</c>, <c>none</c>, <c>host</c> or the name of a network.</summary>
        public string Network { get; init; } = "default";

        /// <summary>Whether the command may do to the machine what its superuser may. The caller has to agree.</summary>
        public bool IsInsecure { get; init; }

        /// <summary>What the machine is called to the command; empty leaves that to the builder.</summary>
        public string Hostname { get; init; } = "";

        /// <summary>What is mounted for this command alone, those above before those below.</summary>
        public ImmutableArray<RunMount> Mounts { get; init; } = [];

        /// <summary>What is to be brought out when the command fails: absolute paths of files and directories. They say nothing of what is built.</summary>
        public ImmutableArray<string> Reports { get; init; } = [];

        public override IEnumerable<TreeOrigin> Origins => Mounts.Select(mount => mount.Origin).OfType<TreeOrigin>();

        /// <summary>The heredocs as they are written; the arguments have what the shell has to know of them.</summary>
        public ImmutableArray<PlannedHeredoc> Heredocs { get; init; } = [];

        /// <summary>
        /// A program with its own <c>#!</c> line: for this command only, <see cref="ScriptPath"/> is an executable file with this
        /// content. Null when there is none.
        /// </summary>
        public string? Script { get; init; }

        /// <summary>Where <see cref="Script"/> is found, absolute; empty when there is none.</summary>
        public string ScriptPath { get; init; } = "";
    }

    /// <summary>Files from the context, a stage or an image: COPY, and ADD, which may fetch some of them.</summary>
    public sealed record Copy : BuildStep
    {
        public TreeOrigin From { get; init; } = new TreeOrigin.Context();

        public override IEnumerable<TreeOrigin> Origins => [From];

        /// <summary>
        /// Expanded, relative to the origin's root; may hold wildcards of Go's filepath.Match, or of ignore files with
        /// <see cref="KeepsParents"/>. For ADD also addresses, as <see cref="RemoteSource"/> reads them.
        /// </summary>
        public required ImmutableArray<string> Sources { get; init; }

        /// <summary>Files that the instruction itself holds, copied after the sources.</summary>
        public ImmutableArray<PlannedHeredoc> Heredocs { get; init; } = [];

        /// <summary>Absolute; a trailing slash says that it is a directory.</summary>
        public required string Destination { get; init; }

        /// <summary><c>user[:group]</c> of the tree that is copied into, names or numbers; empty is the superuser.</summary>
        public string Owner { get; init; } = "";

        /// <summary>As <see cref="ModeChange"/> takes it; empty keeps the permissions of the sources.</summary>
        public string Mode { get; init; } = "";

        /// <summary>Patterns of what is not copied, as in an ignore file, relative to each source.</summary>
        public ImmutableArray<string> Exclude { get; init; } = [];

        /// <summary>What ADD asks for beyond COPY; null for COPY.</summary>
        public AddManner? Add { get; init; }

        /// <summary>Whether sources keep their directories below the destination; those before <c>/./</c> are left out.</summary>
        public bool KeepsParents { get; init; }

        /// <summary>Whether a directory goes into a destination that is there, as cp -R has it, and not only what is in it.</summary>
        public bool KeepsDirectories { get; init; }

        /// <summary>Whether a source that is not there is passed over.</summary>
        public bool MayBeMissing { get; init; }

        /// <summary>Whether links at the destination are replaced instead of followed.</summary>
        public bool IsLinked { get; init; }

        /// <summary>The working directory in force; the destination is complete without it.</summary>
        public string WorkingDirectory { get; init; } = "/";
    }

    /// <summary>A working directory that has to exist.</summary>
    public sealed record Workdir : BuildStep
    {
        /// <summary>Absolute.</summary>
        public required string Path { get; init; }

        /// <summary>The owner of what is made; empty means the superuser.</summary>
        public string User { get; init; } = "";
    }
}
