using System.Runtime.CompilerServices;
using Kleene.Build.Runtime.Networks.Linux;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Checks;

/// <summary>Looks for the programs of others that we run, and for rules of others that are in our way. Both are the user's to change: nothing is repaired.</summary>
/// <param name="runtime">The OCI runtime that was asked for; null: whichever is there.</param>
/// <param name="find">The path of a program; null when it is not installed.</param>
/// <param name="barrier">What drops the packets of networks; null when nothing does.</param>
public sealed class LinuxHostCheck(string? runtime, Func<string, string?> find, Func<string?> barrier) : IHostCheck
{
    /// <summary>This host.</summary>
    public LinuxHostCheck(string? runtime)
        : this(runtime, ProgramPath.Find, () => ForwardBarriers.Describe(stack: null))
    {
    }

    public async IAsyncEnumerable<Finding> RunAsync(bool repairs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        if (runtime is { Length: > 0 } ? find(runtime) is null : find("crun") is null && find("runc") is null)
        {
            var wanted = runtime is { Length: > 0 } ? $"'{runtime}', which KLEENE_RUNTIME names, is" : "neither 'crun' nor 'runc' is";
            yield return new Finding($"{wanted} installed: no RUN and no container can start; install a package, crun being the faster", IsRepaired: false);
        }

        if (find("conmon") is null)
        {
            yield return new Finding("'conmon' is not installed: containers end with the command that started them, and 'run -d' is refused; install the package conmon", IsRepaired: false) { IsOptional = true };
        }

        if (find("nft") is null)
        {
            yield return new Finding("'nft' is not installed: there are no networks but those of --network host and none; install the package nftables", IsRepaired: false) { IsOptional = true };
        }
        else if (barrier() is { } sentence)
        {
            yield return new Finding(sentence, IsRepaired: false);
        }
    }
}
