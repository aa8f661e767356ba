using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Files;

public sealed class TreeWalkTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    /// <summary>With two threads at work, and directories of several pieces.</summary>
    [Fact]
    public void A_directory_is_left_after_all_that_is_below_it()
    {
        scratch.Shell("mkdir -p t; cd t; for a in 1 2 3 4 5 6; do for b in 1 2 3; do mkdir -p $a/$b/deep/er; done; (cd $a/2/deep; seq 300 | xargs touch); done");
        using var root = RootedDirectory.Open(scratch["t"]);
        var walk = new RecordingWalk(root);

        walk.Go();

        Assert.Equal(1 + 6 + (6 * 3 * 3), walk.Left.Count);
        Assert.Equal(6 * 300, walk.Visited);
        for (var i = 0; i < walk.Left.Count; i++)
        {
            var above = walk.Left[i];
            Assert.DoesNotContain(walk.Left.Skip(i + 1), later => later.StartsWith(above + "/", StringComparison.Ordinal));
        }
    }

    private sealed class RecordingWalk(RootedDirectory root) : TreeWalk<RecordedDirectory>(root, CancellationToken.None)
    {
        private int visited;

        public List<string> Left { get; } = [];

        public int Visited => visited;

        public void Go()
        {
            Start(new RecordedDirectory { Path = "." });
            Run();
        }

        protected override void Enter(RecordedDirectory directory)
        {
        }

        protected override RecordedDirectory Found(RecordedDirectory parent, ReadOnlySpan<byte> name, in FileStatus status, ITreeFilter? filter, bool included) =>
            new() { Path = parent.Path.Append(name) };

        protected override void Visit(RecordedDirectory directory, int index, in FileStatus status, ContentHasher tools) => Interlocked.Increment(ref visited);

        protected override void Leave(RecordedDirectory directory, ContentHasher tools)
        {
            lock (Left)
            {
                Left.Add($"./{directory.Path}".Replace("./.", ".", StringComparison.Ordinal));
            }
        }
    }

    private sealed class RecordedDirectory : WalkedDirectory;
}
