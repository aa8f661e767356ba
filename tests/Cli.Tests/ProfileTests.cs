using System.Text.Json;
using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>What <c>build --profile</c> writes, and how it looks in a browser.</summary>
public sealed partial class ProfileTests : IDisposable
{
    private const string Kleenefile = """
        FROM busybox AS tools
        RUN i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; dd if=/dev/zero of=/blob bs=1M count=2
        FROM busybox
        COPY --from=tools /blob /blob
        RUN --network=none echo "</script><script>document.title='taken'</script><img src=x onerror=document.title='taken'>" > /hostile; rm /blob

        """;

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [BrowserFact]
    public async Task The_page_shows_what_each_step_took_and_nothing_that_a_step_says_becomes_part_of_it()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context(Kleenefile), "app", "--profile", space["profile.html"]);

        var page = await HeadlessBrowser.RenderAsync(space, new Uri(space["profile.html"]).AbsoluteUri, "page.png");

        Assert.Contains("<title>app:latest – build profile</title>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(page, "<script"));
        Assert.Contains("&lt;/script&gt;&lt;script&gt;document.title='taken'&lt;/script&gt;&lt;img src=x onerror=", page, StringComparison.Ordinal);

        // A bar and a row for each step; all are on the one chain that there is.
        Assert.Equal(["1", "2", "3"], Bar().Matches(page).Select(bar => bar.Groups["step"].Value).Order());
        Assert.Equal(["1", "2", "3"], Row().Matches(page).Select(row => row.Groups["step"].Value));
        Assert.All(Row().Matches(page), row => Assert.Contains("critical", row.Groups["class"].Value, StringComparison.Ordinal));
        var cells = Row().Matches(page).Select(row => Cell().Matches(row.Value).Select(cell => cell.Groups["text"].Value).ToList()).ToList();
        Assert.Equal("1 / 0 / 0", cells[0][^2]);
        Assert.Equal("2.1 MB / 0 B", cells[0][^1]);
        Assert.Equal("1 / 0 / 1", cells[2][^2]);
        Assert.Matches(@"^[\d.]+ [KM]iB$", cells[0][7]);
        Assert.Equal("–", cells[1][7]);
        Assert.Contains("3 ran", page, StringComparison.Ordinal);
        Assert.Contains(">crun</div>", page.Replace(">runc<", ">crun<", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task The_page_fetches_nothing_and_tells_what_the_cache_saved()
    {
        await space.WithBusyboxAsync();
        var context = space.Context(Kleenefile);
        await space.BuildAsync(context, "app");
        await space.BuildAsync(context, "app", "--profile", space["profile.html"]);

        var source = File.ReadAllText(space["profile.html"]);
        var page = await HeadlessBrowser.RenderAsync(space, new Uri(space["profile.html"]).AbsoluteUri, "page.png");

        Assert.Empty(Reference().Matches(Data().Replace(source, "")));
        Assert.Contains("default-src 'none'", source, StringComparison.Ordinal);
        Assert.Contains("3 cached", page, StringComparison.Ordinal);
        Assert.Contains("by 3 steps that did not run", page, StringComparison.Ordinal);
        Assert.Empty(Bar().Matches(page));
    }

    [JailFact]
    public async Task Speedscope_gets_a_profile_of_each_stage_in_which_all_that_opens_closes()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context(Kleenefile), "app", "--profile", space["profile.json"]);

        using var json = JsonDocument.Parse(File.ReadAllText(space["profile.json"]));

        var frames = json.RootElement.GetProperty("shared").GetProperty("frames").EnumerateArray().ToList();
        Assert.Contains(frames, frame => frame.GetProperty("name").GetString() == "COPY --from=tools /blob /blob" && frame.GetProperty("file").GetString() == "Kleenefile" && frame.GetProperty("line").GetInt32() == 4);
        var profiles = json.RootElement.GetProperty("profiles").EnumerateArray().ToList();
        Assert.Equal(["tools", "1", "kleene"], profiles.Select(profile => profile.GetProperty("name").GetString()));
        Assert.All(profiles, profile => AssertBalanced(profile, frames.Count));
    }

    [JailFact]
    public async Task What_was_measured_stays_with_the_build_and_a_build_that_fails_has_a_profile_too()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN --network=none echo 1 > /f; exit 4\n");

        await space.FailAsync(1, "build", "--profile", space["profile.html"], context);

        Assert.Contains("the command exited with code 4", File.ReadAllText(space["profile.html"]), StringComparison.Ordinal);
        var id = (await space.SucceedAsync("builds", "ls", "-q")).Trim();
        using var build = JsonDocument.Parse(await space.SucceedAsync("builds", "inspect", id));
        var statistics = build.RootElement[0].GetProperty("history")[0].GetProperty("statistics");
        Assert.True(statistics.GetProperty("peak_memory_bytes").GetInt64() > 0);
        Assert.Equal((0, 1), (statistics.GetProperty("sent_bytes").GetInt64(), statistics.GetProperty("files_added").GetInt32()));
    }

    [Fact]
    public async Task A_file_whose_name_does_not_say_what_it_is_to_hold_is_refused_before_anything_runs()
    {
        var said = await space.FailAsync(2, "build", "--profile", space["profile.txt"], space.Context("FROM scratch\n"));

        Assert.Contains("has to end in .html, for a page to look at, or in .json, for speedscope", said, StringComparison.Ordinal);
        Assert.False(File.Exists(space["profile.txt"]));
    }

    [Fact]
    public async Task A_build_that_cannot_be_planned_leaves_no_profile()
    {
        await space.FailAsync(2, "build", "--profile", space["profile.html"], space.Context("FROM scratch\nRUM x\n"));

        Assert.False(File.Exists(space["profile.html"]));
    }

    private static void AssertBalanced(JsonElement profile, int frames)
    {
        var open = new Stack<int>();
        var last = profile.GetProperty("startValue").GetDouble();
        foreach (var happened in profile.GetProperty("events").EnumerateArray())
        {
            var (frame, at) = (happened.GetProperty("frame").GetInt32(), happened.GetProperty("at").GetDouble());
            Assert.InRange(frame, 0, frames - 1);
            Assert.InRange(at, last, profile.GetProperty("endValue").GetDouble());
            last = at;
            if (happened.GetProperty("type").GetString() == "O")
            {
                open.Push(frame);
            }
            else
            {
                Assert.Equal(open.Pop(), frame);
            }
        }

        Assert.Empty(open);
    }

    [GeneratedRegex("""<button class="step [^"]*"[^>]* data-step="(?<step>\d+)""")]
    private static partial Regex Bar();

    [GeneratedRegex("""<tr class="(?<class>[^"]*)" data-step="(?<step>\d+)">.*?</tr>""", RegexOptions.Singleline)]
    private static partial Regex Row();

    [GeneratedRegex("""<td[^>]*>(<button[^>]*>)?(?<text>[^<]*)""")]
    private static partial Regex Cell();

    [GeneratedRegex("""(?<=<script type="application/json" id="data">)[^<]*""")]
    private static partial Regex Data();

    [GeneratedRegex("""(src|href)\s*=|url\(|@import|fetch\(|XMLHttpRequest|https?://""")]
    private static partial Regex Reference();

    private sealed class BrowserFactAttribute : FactAttribute
    {
        public BrowserFactAttribute()
        {
            Skip = new JailFactAttribute().Skip ?? HeadlessBrowser.Missing;
        }
    }
}
