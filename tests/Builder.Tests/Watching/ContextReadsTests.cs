using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Watching;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Text;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Builder.Tests.Watching;

public sealed class ContextReadsTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("COPY app.py /", "", "app.py", "other.py")]
    [InlineData("COPY src/app.py /", " src", "src/app.py", "src/other.py")]
    [InlineData("COPY *.py /", "", "new.py", "new.txt")]
    [InlineData("COPY src/*.py /", " src", "src/new.py", "src/new.txt")]
    [InlineData("COPY s*/app.py /", " src", "src/app.py", "src/other.py")]
    [InlineData("COPY src /app/", " src src/deep", "src/deep/new", "new")]
    [InlineData("COPY . /app/", " src src/deep", "anything", ".git")]
    [InlineData("COPY . /app/", " src src/deep", "src/deep/x.py", "src/deep/x.log")]
    [InlineData("COPY --exclude=*.md src /app/", " src src/deep", "src/x", "src/x.md")]
    [InlineData("COPY missing/file /", "", "missing", "other")]
    [InlineData("COPY --parents src/./d*/x /", " src src/deep", "src/deep/x", "app.py")]
    [InlineData("ADD app.py /", "", "app.py", "other.py")]
    [InlineData("RUN --mount=type=bind,source=src/app.py,target=/x true", " src", "src/app.py", "src/other.py")]
    [InlineData("RUN --mount=type=bind,target=/x true", " src src/deep", "src/new", "x.log")]
    [InlineData("COPY link /", " src", "src/app.py", "src/other.py")]
    public void A_plan_reads_what_its_sources_name_and_no_more(string instruction, string directories, string read, string notRead)
    {
        var reads = Reads($"FROM scratch\n{instruction}\n");

        Assert.Equal(directories.Split(' ').Select(directory => directory.Length == 0 ? Root : $"{Root}/{directory}").Order(StringComparer.Ordinal), reads.Directories.Order(StringComparer.Ordinal));
        Assert.True(Concern(reads, read), $"{read} is read");
        Assert.False(Concern(reads, notRead), $"{notRead} is not read");
    }

    [Fact]
    public void A_stage_that_nobody_needs_reads_nothing()
    {
        var reads = Reads("FROM scratch AS unused\nCOPY src /\nFROM scratch\nCOPY app.py /\n");

        Assert.Equal([Root], reads.Directories);
    }

    [Fact]
    public void An_ignored_directory_that_a_rule_takes_something_back_from_is_looked_into()
    {
        var reads = Reads("FROM scratch\nCOPY . /\n", ignore: "src\n!src/app.py\n");

        Assert.True(Concern(reads, "src/app.py"));
        Assert.False(Concern(reads, "src/other.py"));
    }

    private string Root => scratch["context"];

    private bool Concern(ContextReads reads, string path) => reads.Concern(Path.GetDirectoryName(Path.Join(Root, path))!, Path.GetFileName(path));

    private ContextReads Reads(string kleenefile, string ignore = ".git\n**/*.log\n")
    {
        scratch.Write("context/.kleeneignore", ignore);
        scratch.Write("context/.git/objects/1", "");
        scratch.Write("context/app.py", "");
        scratch.Write("context/src/app.py", "");
        scratch.Write("context/src/deep/x", "");
        File.CreateSymbolicLink(scratch["context/link"], "src/app.py");
        using var context = BuildContext.Open(Root, kleenefile: null, cacheDirectory: null);
        var source = new SourceText("Kleenefile", kleenefile);
        var compile = new CompileOptions { Platform = "linux/amd64", BuildPlatform = "linux/amd64" };
        var plan = KleenefileCompiler.Compile(source, compile).Plan!;

        // It is asked when the context has been closed again.
        return ContextReads.Of(plan, new BuildRequest { Source = source, Compile = compile, Context = context });
    }
}
