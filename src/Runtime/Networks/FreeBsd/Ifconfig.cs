using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>
/// Makes and changes interfaces, of the host or of the stack that a jail holds, by ifconfig(8). One command makes an interface, names it and puts it into groups: whoever is
/// killed leaves none that cannot be found. The wordings are those of FreeBSD 13.2.
/// </summary>
/// <param name="processes">Runs ifconfig.</param>
/// <param name="jail">Whose stack it works in, by the host's program: the jail's root is the host's. Null: the host's own.</param>
internal sealed partial class Ifconfig(IProcessRunner processes, string? jail = null)
{
    /// <summary>Makes an interface of its own name. False when there is one of that name already.</summary>
    /// <param name="cloner">What makes it: <c>lo</c>, <c>bridge</c>.</param>
    /// <exception cref="NetworkException">The kernel cannot make one.</exception>
    public async Task<bool> TryCreateAsync(string cloner, string name, string group)
    {
        var result = await RunAsync(cloner, "create", "name", name, "group", group);
        if (result.Exit.Success)
        {
            return true;
        }

        await RemoveNamelessAsync(result, cloner);
        return result.Error.Contains("File exists", StringComparison.Ordinal) ? false : throw Failed($"the interface '{name}' cannot be made", result);
    }

    /// <summary>Makes two interfaces of which each gives out what the other takes in (epair(4)).</summary>
    /// <returns>The name of the first; the other's ends in b.</returns>
    /// <exception cref="NetworkException">The kernel cannot make any.</exception>
    public async Task<string> CreatePairAsync(string group, string otherGroup)
    {
        var result = await RunAsync("epair", "create", "group", group, "group", otherGroup);
        if (result.Exit.Success && PairForm().IsMatch(result.Output.Trim()))
        {
            return result.Output.Trim();
        }

        await RemoveNamelessAsync(result, "epair");
        throw Failed("a pair of interfaces (epair) cannot be made", result);
    }

    /// <summary>Gone already: succeeds. Of a pair, both go, wherever the other is.</summary>
    public Task DestroyAsync(string name) => RunAsync(["does not exist"], $"the interface '{name}' cannot be removed", name, "destroy");

    /// <summary>The interfaces of a group; none when there is no such group.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(string group)
    {
        var result = await RunAsync("-g", group);
        return result.Exit.Success ? ParseNames(result.Output) : throw Failed($"the interfaces of the group '{group}' cannot be listed", result);
    }

    public async Task<bool> ExistsAsync(string name)
    {
        var result = await RunAsync(name);
        return result.Exit.Success || (result.Error.Contains("does not exist", StringComparison.Ordinal) ? false : throw Failed($"the interface '{name}' cannot be looked at", result));
    }

    /// <summary>Gives an interface one more address, by which it is up as well. There already: succeeds.</summary>
    public Task AddAddressAsync(string name, IPAddress address, int prefix) =>
        RunAsync([], $"the interface '{name}' cannot have the address {address}", name, Family(address), string.Create(CultureInfo.InvariantCulture, $"{address}/{prefix}"), "alias");

    /// <summary>Gone already: succeeds.</summary>
    public Task RemoveAddressAsync(string name, IPAddress address) =>
        RunAsync(["Can't assign requested address", "does not exist"], $"the address {address} cannot be taken from '{name}'", name, Family(address), address.ToString(), "-alias");

    public Task AddMemberAsync(string bridge, string name) => RunAsync([], $"the bridge '{bridge}' does not take '{name}'", bridge, "addm", name);

    public Task SetUpAsync(string name) => RunAsync([], $"the interface '{name}' cannot be brought up", name, "up");

    /// <summary>Moves an interface of the host into the stack of a jail.</summary>
    public Task MoveAsync(string name, string jail) => RunAsync([], $"the interface '{name}' cannot be given to the jail '{jail}'", name, "vnet", jail);

    /// <summary>One name a line or, as <c>ifconfig -l</c> has it, all in one.</summary>
    internal static IReadOnlyList<string> ParseNames(string output) => output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static string Family(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? "inet" : "inet6";

    /// <summary>What could not be given its name is there all the same, and its own name is printed.</summary>
    private async Task RemoveNamelessAsync(ProcessResult result, string cloner)
    {
        var name = result.Output.Trim();
        if (name.StartsWith(cloner, StringComparison.Ordinal) && UnitForm().IsMatch(name.AsSpan(cloner.Length)))
        {
            await DestroyAsync(name);
        }
    }

    private async Task RunAsync(string[] accepted, string failure, params string[] words)
    {
        var result = await RunAsync(words);
        if (!result.Exit.Success && !accepted.Any(wording => result.Error.Contains(wording, StringComparison.Ordinal)))
        {
            throw Failed(failure, result);
        }
    }

    private Task<ProcessResult> RunAsync(params string[] words)
    {
        var command = jail is null ? CommandLine.Of(FreeBsdTools.Ifconfig, words) : CommandLine.Of(FreeBsdTools.JailExec, [jail, FreeBsdTools.Ifconfig, .. words]);
        return processes.RunAsync(command with { Timeout = FreeBsdTools.NetworkPatience }, ProcessOutput.Captured, CancellationToken.None);
    }

    private static NetworkException Failed(string what, ProcessResult result)
    {
        var said = result.Error.Trim().Split('\n')[^1];
        return new NetworkException($"{what}: {(said.Length > 0 ? said : result.Exit.ToString())}; 'kleene system check' says what networks need, and --network host does without them");
    }

    [GeneratedRegex(@"\Aepair[0-9]+a\z")]
    private static partial Regex PairForm();

    [GeneratedRegex(@"\A[0-9]+a?\z")]
    private static partial Regex UnitForm();
}
