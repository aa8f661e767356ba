using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Networks;

namespace Kleene.Build.Cli.Tests;

/// <summary>The six parts of a getting-started guide, walked with samples/todo: each asks the application for its page, as a person would.</summary>
[Collection(DebianTests.Name)]
public sealed class GuideTests(DebianSpace debian) : IAsyncLifetime
{
    private static readonly string Sample = Path.Join(KleeneSpace.Repository, "samples", "todo");
    private readonly HttpClient browser = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly int port = FreePort();

    private KleeneSpace Space => debian.Space;

    private Uri Page => new($"http://127.0.0.1:{port}/");

    private Uri Tasks => new(Page, "/api/tasks");

    /// <summary>A copy of the sample that a part may change.</summary>
    private string Context => Space["guide"];

    private string PageSource => Path.Join(Context, "todo", "page.py");

    public async Task InitializeAsync()
    {
        if (new NetworkFactAttribute().Skip is null)
        {
            Space.Shell($"rm -rf '{Context}' && cp -a '{Sample}' '{Context}'");
            await Space.BuildAsync(Context, "todo");
        }
    }

    public async Task DisposeAsync()
    {
        browser.Dispose();
        foreach (var id in (await Space.RunAsync("ps", "-aq")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await Space.SucceedAsync("rm", "-f", id);
        }
    }

    [NetworkFact]
    public async Task Part_1_an_application_is_built_and_answers_at_a_port_of_the_host()
    {
        await RunAsync();

        await AddAsync("part one");

        Assert.Equal(["part one"], await TitlesAsync());
        Assert.Contains("part one", await browser.GetStringAsync(Page), StringComparison.Ordinal);
        Assert.Contains("todo listens on", await Space.SucceedAsync("logs", "todo"), StringComparison.Ordinal);
        Assert.Equal("todo\n", await Space.SucceedAsync("ps", "--format", "{{.name}}"));
    }

    [NetworkFact]
    public async Task Part_2_a_changed_application_is_built_from_what_is_there_and_takes_the_place_of_the_old_one()
    {
        await RunAsync();
        Assert.DoesNotContain("Nothing forgotten?", await browser.GetStringAsync(Page), StringComparison.Ordinal);
        await ChangePageAsync("What next?", "Nothing forgotten?");

        var build = await Space.BuildAsync(Context, "todo");
        await Space.SucceedAsync("stop", "todo");
        await Space.SucceedAsync("rm", "todo");
        await RunAsync();

        Assert.Contains("Nothing forgotten?", await browser.GetStringAsync(Page), StringComparison.Ordinal);
        Assert.Contains("--no-install-recommends python3 python3-psycopg2 && rm -rf /var/lib/apt/lists/*\n--> Using cache @", build, StringComparison.Ordinal);
    }

    [NetworkFact]
    public async Task Part_3_an_image_gets_a_name_for_others_and_tells_what_it_is_made_of()
    {
        await Space.SucceedAsync("image", "tag", "todo", "todo:1.0");

        Assert.Equal(await Space.SucceedAsync("image", "inspect", "todo"), await Space.SucceedAsync("image", "inspect", "todo:1.0"));
        Assert.Equal(await File.ReadAllTextAsync(Path.Join(Sample, "expected-output.txt")), await Space.SucceedAsync("run", "--rm", "todo:1.0", "--self-check"));
        var steps = (await Space.SucceedAsync("image", "history", "todo:1.0")).Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];
        var last = steps.Single(step => step.EndsWith("COPY todo/ todo/", StringComparison.Ordinal)).Split(' ')[0];
        Assert.Contains("store.py", await Space.SucceedAsync("run", "--rm", "--entrypoint", "ls", $"todo:1.0{last}", "/app/todo"), StringComparison.Ordinal);
        Assert.NotEqual(0, (await Space.RunAsync("run", "--rm", "--entrypoint", "ls", $"todo:1.0{last}", "/app/tested")).Exit.ShellCode);
    }

    [NetworkFact]
    public async Task Part_4_what_is_in_a_volume_outlives_the_container()
    {
        await RunAsync("-v", "todo-file:/var/lib/todo");
        await AddAsync("kept");
        await Space.SucceedAsync("rm", "-f", "todo");

        await RunAsync("-v", "todo-file:/var/lib/todo");

        Assert.Equal(["kept"], await TitlesAsync());
        await Space.SucceedAsync("rm", "-f", "todo");
        await Space.SucceedAsync("volume", "rm", "todo-file");
    }

    [NetworkFact]
    public async Task Part_5_sources_that_are_mounted_show_a_change_without_a_build()
    {
        await RunAsync("-v", $"{Context}/todo:/app/todo:ro");
        await AddAsync("stays, as the container does");
        await ChangePageAsync("<h1>To do</h1>", "<h1>Being developed</h1>");

        await Space.SucceedAsync("restart", "todo");
        await UntilHealthyAsync("todo");

        Assert.Contains("<h1>Being developed</h1>", await browser.GetStringAsync(Page), StringComparison.Ordinal);
        Assert.Equal(["stays, as the container does"], await TitlesAsync());
        Assert.NotEqual(0, (await Space.RunAsync("exec", "-u", "root", "todo", "touch", "/app/todo/page.py")).Exit.ShellCode);
    }

    [NetworkFact]
    public async Task Part_6_two_containers_find_each_other_by_name_and_what_they_know_outlives_both()
    {
        await Script("up", $"{port}");
        await UntilHealthyAsync("todo-db", "todo");
        var before = await Space.SucceedAsync("ps", "-q");
        await Space.BuildAsync(Context, "todo-tests", "--target", "test");
        await Space.SucceedAsync("run", "--rm", "-n", "todo-net", "-e", $"TODO_TEST_DATABASE={await AddressOfDatabaseAsync()}", "todo-tests", "python3", "-m", "unittest", "tests.test_store");
        await AddAsync("in PostgreSQL, naïve ☃");
        if (HeadlessBrowser.Missing is null)
        {
            Assert.Contains("in PostgreSQL, naïve ☃", await HeadlessBrowser.RenderAsync(Space, Page.AbsoluteUri, "todo.png"), StringComparison.Ordinal);
            Assert.True(new FileInfo(Space["todo.png"]).Length > 0);
        }

        // While the application runs, its database goes and comes back at another address.
        await Space.SucceedAsync("restart", "todo-db");
        await UntilHealthyAsync("todo-db");
        Assert.Equal(["in PostgreSQL, naïve ☃"], await TitlesAsync());

        // Both are replaced by new ones with a new password, and nothing has run into its time limit before it was stopped.
        await Space.SucceedAsync("stop", "todo", "todo-db");
        Assert.Equal("0 0", string.Join(' ', (await Space.SucceedAsync("ps", "-a", "--format", "{{.exitCode}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        await Script("up", $"{port}");
        await UntilHealthyAsync("todo-db", "todo");
        Assert.Equal(["in PostgreSQL, naïve ☃"], await TitlesAsync());
        Assert.Empty(before.Split('\n', StringSplitOptions.RemoveEmptyEntries).Intersect((await Space.SucceedAsync("ps", "-q")).Split('\n')));

        await Script("down");
        Assert.Equal("", await Space.SucceedAsync("ps", "-aq"));
        await Assert.ThrowsAsync<HttpRequestException>(() => browser.GetStringAsync(Page));
        await Space.SucceedAsync("network", "rm", "todo-net");
        await Space.SucceedAsync("volume", "rm", "todo-data");
        await Space.SucceedAsync("system", "check");
    }

    /// <summary>Runs the application, as a container with the name of its image.</summary>
    private async Task RunAsync(params string[] options)
    {
        await Space.SucceedAsync(["run", "-d", "--name", "todo", "-p", $"{port}:8080", "--health-start-interval", "1s", .. options, "todo"]);
        await UntilHealthyAsync("todo");
    }

    private async Task UntilHealthyAsync(params string[] names)
    {
        foreach (var name in names)
        {
            string status;
            while ((status = (await Space.SucceedAsync("ps", "-a", "--filter", $"name={name}", "--format", "{{.name}} {{.status}}")).Split('\n').Single(line => line.StartsWith($"{name} ", StringComparison.Ordinal))) != $"{name} running (healthy)")
            {
                Assert.True(status == $"{name} running (starting)" || status == $"{name} running", $"{status}\n{(await Space.RunAsync("logs", name)).Error}");
            }
        }
    }

    private async Task AddAsync(string title)
    {
        using var body = new StringContent(JsonSerializer.Serialize(new Dictionary<string, string> { ["title"] = title }), Encoding.UTF8, "application/json");
        using var answer = await browser.PostAsync(Tasks, body);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    private async Task<IEnumerable<string?>> TitlesAsync()
    {
        var tasks = await browser.GetFromJsonAsync<JsonElement>(Tasks);
        return tasks.EnumerateArray().Select(task => task.GetProperty("title").GetString()).ToList();
    }

    private async Task ChangePageAsync(string old, string text)
    {
        var source = await File.ReadAllTextAsync(PageSource);
        Assert.Contains(old, source, StringComparison.Ordinal);
        await File.WriteAllTextAsync(PageSource, source.Replace(old, text, StringComparison.Ordinal));
    }

    /// <summary>The address with the password, which only the containers know.</summary>
    private async Task<string> AddressOfDatabaseAsync()
    {
        using var inspected = JsonDocument.Parse(await Space.SucceedAsync("inspect", "todo"));
        const string Variable = "TODO_DATABASE=";
        return inspected.RootElement[0].GetProperty("env").EnumerateArray().Select(entry => entry.GetString()!) // A list of strings.
            .Last(entry => entry.StartsWith(Variable, StringComparison.Ordinal))[Variable.Length..];
    }

    private async Task Script(string name, params string[] arguments)
    {
        var command = Space.Command();
        var result = await Space.RunAsync(CommandLine.Of(Path.Join(Sample, name), arguments) with
        {
            Timeout = command.Timeout,
            Environment = [.. command.Environment, $"KLEENE={KleeneSpace.Binary}", $"KLEENE_ROOT={Space.StateRoot}", $"KLEENE_STORAGE={Space.Storage}"],
        });
        Assert.True(result.Exit.Success, $"{name}: {result.Exit}\n{result.Error}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
