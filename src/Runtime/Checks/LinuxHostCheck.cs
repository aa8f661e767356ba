using System.Runtime.CompilerServices;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Checks;

/// <summary>Looks for the programs of others that we run. Packages are the user's to install: nothing is repaired.</summary>
/// <param name="runtime">The OCI runtime that was asked for; null: whichever is there.</param>
/// <param name="find">The path of a program; null when it is not installed.</param>
public sealed class LinuxHostCheck(string? runtime, Func<string, string?> find) : IHostCheck
{
    /// <summary>This host.</summary>
    public LinuxHostCheck(string? runtime)
        : this(runtime, ProgramPath.Find)
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
    }
}
