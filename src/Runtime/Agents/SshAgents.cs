using System.IO.Pipes;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Agents;

/// <summary>
/// The SSH agents that a build may use, by id: the caller's own, and those that are started here for keys in files. They end with us,
/// also when we are killed: such an agent lives as long as a program that reads from a pipe of ours.
/// </summary>
public sealed class SshAgents : IAsyncDisposable
{
    /// <summary>What an id without a path means, and where a jail is told its socket.</summary>
    public const string Variable = "SSH_AUTH_SOCK";

    private readonly Dictionary<string, string> sockets = new(StringComparer.Ordinal);
    private readonly List<Func<ValueTask>> endings = [];

    private SshAgents()
    {
    }

    /// <summary>No agents at all.</summary>
    public static SshAgents None { get; } = new();

    /// <param name="wanted">Ids, each with a socket or with key files; with neither it is the caller's own agent.</param>
    /// <exception cref="KleeneException">A path is neither, or a key cannot be read without a passphrase.</exception>
    public static async Task<SshAgents> OpenAsync(
        IEnumerable<(string Id, IReadOnlyList<string> Paths)> wanted, IProcessRunner processes, CancellationToken cancellationToken)
    {
        var agents = new SshAgents();
        try
        {
            foreach (var (id, paths) in wanted)
            {
                var places = paths.Count > 0 ? paths : [OwnAgent(id)];
                var areKeys = places.Select(place => IsKey(id, place)).ToList();
                if (places.Count > 1 && areKeys.Contains(false))
                {
                    throw new KleeneException($"--ssh {id} has a socket among several paths; give one socket, or key files only");
                }

                agents.sockets[id] = areKeys[0] ? await agents.StartAsync(id, places, processes, cancellationToken) : Path.GetFullPath(places[0]);
            }

            return agents;
        }
        catch
        {
            await agents.DisposeAsync();
            throw;
        }
    }

    /// <summary>The socket of an agent; null when the caller gave none of that id.</summary>
    public string? Find(string id) => sockets.GetValueOrDefault(id);

    public async ValueTask DisposeAsync()
    {
        foreach (var end in endings)
        {
            await end();
        }

        endings.Clear();
    }

    private static string OwnAgent(string id) =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } socket
            ? socket
            : throw new KleeneException($"--ssh {id} means your own agent, but {Variable} is not set; start one with 'eval $(ssh-agent)', or give a socket or key: --ssh {id}=PATH");

    private static bool IsKey(string id, string path)
    {
        var full = Path.GetFullPath(path);
        using var directory = Path.GetDirectoryName(full) is { } parent && Directory.Exists(parent) ? RootedDirectory.Open(parent) : null;
        return directory?.TryStat(Path.GetFileName(full), followLink: true)?.Kind switch
        {
            FileKind.Socket => false,
            FileKind.Regular => true,
            null => throw new KleeneException($"--ssh {id}: there is no '{path}'"),
            _ => throw new KleeneException($"--ssh {id}: '{path}' is neither an agent's socket nor a key file"),
        };
    }

    /// <summary>Starts an agent, gives it the keys, and sees to its end.</summary>
    private async Task<string> StartAsync(string id, IReadOnlyList<string> keys, IProcessRunner processes, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("kleene-agent-").FullName;
        var socket = Path.Join(directory, "socket");
        var alive = new AnonymousPipeServerStream(PipeDirection.Out);

        // ssh-agent(1): with a command it ends when the command does, and this one ends with our end of its input.
        var agent = processes.RunAsync(
            CommandLine.Of("ssh-agent", "-a", socket, "cat") with { InputFile = alive.ClientSafePipeHandle, Timeout = Timeout.InfiniteTimeSpan },
            ProcessOutput.Captured,
            CancellationToken.None);
        endings.Add(async () =>
        {
            await alive.DisposeAsync();
            await Task.WhenAny(agent);
            Directory.Delete(directory, recursive: true);
        });
        while (!File.Exists(socket) && !agent.IsCompleted)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellationToken);
        }

        if (agent.IsCompleted)
        {
            throw new KleeneException($"--ssh {id} has keys, and an agent for them did not start: {(await agent).Error.Trim()}");
        }

        var add = CommandLine.Of("ssh-add", ["-q", .. keys.Select(Path.GetFullPath)]) with { Environment = [.. CommandLine.ToolEnvironment, $"{Variable}={socket}"] };
        var added = await processes.RunAsync(add, ProcessOutput.Captured, cancellationToken);
        return added.Exit.Success
            ? socket
            : throw new KleeneException($"--ssh {id}: the agent does not take '{string.Join("', '", keys)}': {added.Error.Trim().Split('\n')[^1]}; keys with a passphrase belong into an agent of your own");
    }
}
