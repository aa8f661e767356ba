using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Builds;

public sealed class BuildStoreTests : IDisposable
{
    private static readonly DateTimeOffset Then = new(2026, 11, 28, 8, 0, 0, TimeSpan.Zero);

    private readonly ScratchDirectory scratch = new();
    private readonly StateDirectory state;
    private readonly Database database;
    private readonly Session session;
    private readonly BuildStore builds;

    public BuildStoreTests()
    {
        state = StateDirectory.Open(scratch["state"]);
        database = Database.Open(state);
        session = new Session(state);
        builds = new BuildStore(database, session);
    }

    public void Dispose()
    {
        session.Dispose();
        database.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public void A_build_comes_back_as_it_was_written_down()
    {
        var build = New("0a0000000001") with
        {
            State = BuildState.Failed,
            Duration = TimeSpan.FromMilliseconds(1234),
            Image = "0b0000000001",
            Detail = new BuildDetail
            {
                Kleenefile = "Klee\"nefile",
                Context = "/a b/ü",
                Target = "0",
                Message = "it\nfailed",
                ImageKeys = ["sha256:base", "import 1"],
                Stages = [new RecordedStage(0, "0", "Kleenefile:1", "busybox", "sha256:base"), new RecordedStage(2, "b", "Kleenefile:4", "stage '0'", "k2")],
                Steps =
                [
                    new RecordedStep { Number = 1, Place = "Kleenefile:2", Text = "RUN a \\ \"b\"", Key = "k1", State = RecordedStepState.Cached, Snapshot = "0c0000000001" },
                    new RecordedStep { Number = 2, Stage = 2, Place = "p", Text = "COPY", Key = "k2", State = RecordedStepState.Failed, DurationMilliseconds = 7, IsForced = true, Message = "why" },
                    new RecordedStep
                    {
                        Number = 3,
                        Place = "p",
                        Text = "x",
                        Key = "k3",
                        Statistics = new StepStatistics
                        {
                            CpuMilliseconds = 1,
                            PeakMemoryBytes = 2,
                            ReadBytes = 3,
                            WrittenBytes = 4,
                            ReceivedBytes = 5,
                            SentBytes = 6,
                            FilesAdded = 7,
                            FilesChanged = 8,
                            FilesRemoved = 9,
                            BytesAdded = 10,
                            BytesRemoved = 11,
                            SavedMilliseconds = 12,
                        },
                    },
                    new RecordedStep { Number = 4, Place = "p", Text = "y", Key = "k4", Statistics = new StepStatistics { SentBytes = 0 } },
                ],
            },
        };

        builds.Save(build);

        var found = builds.Find("0a0");
        Assert.Equal(build with { Detail = found.Detail, Session = "" }, found);
        Assert.Equal(build.Detail with { Stages = found.Detail.Stages, Steps = found.Detail.Steps, ImageKeys = found.Detail.ImageKeys }, found.Detail);
        Assert.Equal(build.Detail.ImageKeys.AsEnumerable(), found.Detail.ImageKeys);
        Assert.Equal(build.Detail.Stages.AsEnumerable(), found.Detail.Stages);
        Assert.Equal(build.Detail.Steps.AsEnumerable(), found.Detail.Steps);
    }

    [Fact]
    public void What_runs_while_its_command_lives_was_killed_when_that_is_gone()
    {
        using var other = new Session(state);
        builds.Save(New("0a0000000001") with { State = BuildState.Running, Session = other.Id });

        Assert.Equal(BuildState.Running, builds.Find("0a").State);
        other.Dispose();
        Assert.Equal(BuildState.Killed, builds.Find("0a").State);
    }

    [Fact]
    public void A_build_that_ends_keeps_its_place_in_the_order()
    {
        builds.Save(New("0a0000000001") with { State = BuildState.Running });
        builds.Save(New("0a0000000002"));
        builds.Save(New("0a0000000001") with { State = BuildState.Done, Image = "0b0000000001" });

        Assert.Equal(["0a0000000002", "0a0000000001"], builds.List().Select(build => build.Id));
        Assert.Equal("0a0000000002", builds.Latest()!.Id);
        Assert.Equal(BuildState.Done, builds.FindByImage("0b0000000001")!.State);
    }

    [Fact]
    public void Earlier_builds_of_the_same_file_or_name_are_found_and_no_others()
    {
        builds.Save(New("0a0000000001", name: "app:latest", context: "/elsewhere"));
        builds.Save(New("0a0000000002", name: "", context: "/here"));
        builds.Save(New("0a0000000003", name: "other:latest", context: "/elsewhere"));
        builds.Save(New("0a0000000004", name: "", context: "/nowhere"));
        var build = New("0a0000000005", name: "app:latest", context: "/here");
        builds.Save(build);
        builds.Save(New("0a0000000006", name: "app:latest", context: "/here"));

        Assert.Equal(["0a0000000002", "0a0000000001"], builds.Before(build, 10).Select(found => found.Id));
        Assert.Equal(["0a0000000002"], builds.Before(build, 1).Select(found => found.Id));

        // One that is not written down comes after all others.
        Assert.Equal(3, builds.Before(build with { Id = "0a0000000009" }, 10).Count - 1);
        Assert.Empty(builds.Before(New("0a0000000009", name: "", context: "/unknown"), 10));
    }

    [Fact]
    public void An_id_that_fits_several_is_refused_with_all_of_them()
    {
        builds.Save(New("0a0000000001"));
        builds.Save(New("0a0000000002"));

        Assert.Equal("'0a' fits several builds: 0a0000000001, 0a0000000002; write more of the id", Assert.Throws<AmbiguousBuildException>(() => builds.Find("0a")).Message);
        Assert.Null(builds.TryFind("app"));
        Assert.Throws<BuildNotFoundException>(() => builds.Find("../x"));
    }

    [Fact]
    public void A_log_comes_back_line_by_line_and_a_torn_end_is_left_out()
    {
        using (var log = new BuildLogWriter(state, "0a0000000001"))
        {
            log.Write(2, OutputKind.Output, "a \\r b\rc\nd");
            log.Write(10, OutputKind.Error, "");
        }

        File.AppendAllText(BuildLog.PathOf(state, "0a0000000001"), "3 ");

        Assert.Equal([new(2, OutputKind.Output, "a \\r b\rc\nd"), new(10, OutputKind.Error, "")], BuildLog.Read(state, "0a0000000001"));
        Assert.Empty(BuildLog.Read(state, "0a0000000002"));
        Assert.Throws<ArgumentException>(() => BuildLog.PathOf(state, "../../etc"));
    }

    [Fact]
    public void The_oldest_builds_are_forgotten_when_there_are_clearly_too_many()
    {
        for (var i = 10; i < 21; i++)
        {
            builds.Save(New($"0a00000000{i}"));
        }

        Assert.Empty(builds.Trim(10));
        builds.Save(New("0a0000000021") with { State = BuildState.Running });
        Assert.Equal(["0a0000000010", "0a0000000011"], builds.Trim(10).Select(build => build.Id));
        Assert.Equal(10, builds.List().Count);
    }

    private BuildRecord New(string id, string name = "app:latest", string context = "/here") => new()
    {
        Id = id,
        Name = name,
        Started = Then,
        Session = session.Id,
        State = BuildState.Done,
        Detail = new BuildDetail { Kleenefile = "Kleenefile", Context = context, Target = "0" },
    };
}
