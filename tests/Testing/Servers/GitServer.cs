using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Kleene.Build.Testing.Servers;

/// <summary>A git repository that a test makes and serves: the system's git-daemon, started for each connection.</summary>
public sealed class GitServer : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();

    public GitServer()
    {
        scratch.Shell("git init -q --initial-branch=main 'the repo'");
        listener.Start();
        _ = ServeAsync();
    }

    /// <summary>Of the server; repositories are <c>/the repo</c> and what a test makes beside it.</summary>
    public string Server => $"git://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    public string Address => $"{Server}/the repo";

    /// <summary>Runs a line of shell in the repository, as somebody with a name and at a fixed time.</summary>
    public string Shell(string script) => scratch.Shell(
        $"""
        export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.org
        export GIT_COMMITTER_DATE='2021-02-03T04:05:06Z' GIT_AUTHOR_DATE='2020-01-01T00:00:00Z'
        cd 'the repo'
        {script}
        """);

    /// <summary>Commits all there is, and returns the commit's id.</summary>
    public string Commit(string message = "a commit") => Shell($"git add -A; git commit -q --allow-empty -m '{message}'; git rev-parse HEAD").Trim();

    public void Dispose()
    {
        stop.Cancel();
        listener.Dispose();
        stop.Dispose();
        scratch.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                _ = AnswerAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var connection = client.GetStream();
                using var daemon = Start();
                var asked = CopyAndCloseAsync(connection, daemon);
                await daemon.StandardOutput.BaseStream.CopyToAsync(connection, stop.Token);
                client.Client.Shutdown(SocketShutdown.Send);
                await asked;
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or IOException or SocketException)
            {
                // The test is over, or the client has had enough.
            }
        }
    }

    private async Task CopyAndCloseAsync(NetworkStream connection, Process daemon)
    {
        await connection.CopyToAsync(daemon.StandardInput.BaseStream, stop.Token);
        daemon.StandardInput.Close();
    }

    private Process Start()
    {
        var start = new ProcessStartInfo("git") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["daemon", "--inetd", "--export-all", $"--base-path={scratch.Path}", scratch.Path])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("git daemon did not start");
    }
}
