using System.Runtime.CompilerServices;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Networks.FreeBsd;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Checks.FreeBsd;

/// <summary>
/// Whether pf looks at our rules: it has to be enabled, now and with the machine, and the user's rules have to lead to ours. Three lines are added to his file, after pfctl has
/// found it good; a file of his that is not in force is not put into force, since it may lock him out.
/// </summary>
internal sealed class PfCheck(IProcessRunner processes, string path)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public async IAsyncEnumerable<Finding> RunAsync(bool repairs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var info = await RunAsync(FreeBsdTools.Pfctl, cancellationToken, "-si");
        if (!info.Exit.Success)
        {
            yield return new Finding($"pf cannot be asked: {Said(info)}; load it with 'kldload pf'", IsRepaired: false);
            yield break;
        }

        if (!(await RunAsync(FreeBsdTools.Sysrc, cancellationToken, "-c", $"pf_rules={path}")).Exit.Success)
        {
            // Where the user keeps his rules elsewhere, they are his to change.
            if ((await MissingAsync(cancellationToken)).Count > 0)
            {
                yield return Open($"rc.conf names another file of rules than '{path}', which does not lead to those of networks: add {Quoted(PfStatus.Calls)} to it, the first two before the first rule that filters");
            }

            yield break;
        }

        var text = File.Exists(path) ? await File.ReadAllTextAsync(path, cancellationToken) : "";
        var isEnabled = PfStatus.IsEnabled(info.Output);
        var isOthers = !isEnabled && PfConf.HasRules(text);
        var missing = PfConf.Missing(text);
        if (missing.Count > 0)
        {
            var finding = repairs ? await CompleteAsync(text, missing, cancellationToken) : Open($"'{path}' does not lead to the rules of networks; '--fix' adds {Quoted(missing)} to it");
            yield return finding;
            if (repairs && !finding.IsRepaired)
            {
                yield break;
            }
        }

        if (isOthers)
        {
            yield return Open($"pf is not enabled, and '{path}' has rules of yours that are not in force: look whom they let in, then run 'service pf onestart' and 'sysrc pf_enable=YES'");
            yield break;
        }

        await foreach (var finding in ForceAsync(isEnabled, repairs, cancellationToken))
        {
            yield return finding;
        }

        if (PfConf.SkipsLoopback(text))
        {
            yield return new Finding(
                $"'{path}' has pf skip lo0, by which containers that share the host's stack reach each other: 'icc' off and 'internal' do not hold between them; take the line away", IsRepaired: false) { IsOptional = true };
        }
    }

    /// <summary>What is in the file has to be in force, and again after the next start.</summary>
    private async IAsyncEnumerable<Finding> ForceAsync(bool isEnabled, bool repairs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if ((await MissingAsync(cancellationToken)).Count > 0)
        {
            yield return await DoAsync("the rules of pf that are in force do not lead to those of networks", repairs, [FreeBsdTools.Pfctl, "-f", path], cancellationToken);
        }

        if (!isEnabled)
        {
            yield return await DoAsync("pf is not enabled, so nothing keeps networks apart", repairs, [FreeBsdTools.Pfctl, "-e"], cancellationToken);
        }

        if (!(await RunAsync(FreeBsdTools.Sysrc, cancellationToken, "-c", "pf_enable=YES")).Exit.Success)
        {
            yield return await DoAsync("pf does not start with the machine", repairs, [FreeBsdTools.Sysrc, "pf_enable=YES"], cancellationToken);
        }
    }

    /// <summary>What the rules in force lack.</summary>
    private async Task<IReadOnlyList<string>> MissingAsync(CancellationToken cancellationToken)
    {
        var translation = await RunAsync(FreeBsdTools.Pfctl, cancellationToken, "-sn");
        var filtering = await RunAsync(FreeBsdTools.Pfctl, cancellationToken, "-sr");
        return PfStatus.MissingCalls(translation.Output, filtering.Output);
    }

    private async Task<Finding> CompleteAsync(string text, IReadOnlyList<string> missing, CancellationToken cancellationToken)
    {
        var complete = Encoding.UTF8.GetBytes(PfConf.Complete(text));
        var trial = await processes.RunAsync(CommandLine.Of(FreeBsdTools.Pfctl, "-nf", "-") with { Input = complete, Timeout = Patience }, ProcessOutput.Captured, cancellationToken);
        if (!trial.Exit.Success)
        {
            return Open($"'{path}' does not lead to the rules of networks, and with {Quoted(missing)} pfctl does not take it: {Said(trial)}; add them yourself, the first two before the first rule that filters");
        }

        if (!File.Exists(path))
        {
            // As the system's own: root writes, all read.
            await using var made = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        }

        FileReplacement.Write(path, complete);
        return new Finding($"'{path}' did not lead to the rules of networks; added {Quoted(missing)}", IsRepaired: true);
    }

    private async Task<Finding> DoAsync(string lack, bool repairs, string[] words, CancellationToken cancellationToken)
    {
        var shown = string.Join(' ', words);
        if (!repairs)
        {
            return Open($"{lack}; '--fix' runs: {shown}");
        }

        var result = await RunAsync(words[0], cancellationToken, words[1..]);
        return result.Exit.Success ? new Finding($"{lack}; ran: {shown}", IsRepaired: true) : Open($"{lack}, and '{shown}' failed: {Said(result)}");
    }

    private Task<ProcessResult> RunAsync(string program, CancellationToken cancellationToken, params string[] words) =>
        processes.RunAsync(CommandLine.Of(program, words) with { Timeout = Patience }, ProcessOutput.Captured, cancellationToken);

    private static Finding Open(string text) => new(text, IsRepaired: false);

    private static string Quoted(IEnumerable<string> lines) => string.Join(", ", lines.Select(line => $"'{line}'"));

    private static string Said(ProcessResult result) => result.Error.Trim().Replace("\n", "; ", StringComparison.Ordinal);
}
