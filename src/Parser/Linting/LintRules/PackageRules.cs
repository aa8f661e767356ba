using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>Packages of the operating system.</summary>
internal static class PackageRules
{
    /// <summary>An index that a step has fetched stays in the cache with that step, however old it gets.</summary>
    public static void StalePackageIndex(LintedFile file, DiagnosticBag found)
    {
        // By stage, as a stage on another one finds the index of that.
        var fetched = new List<Dictionary<PackageManager, LintedInstruction>>();
        foreach (var stage in file.Stages)
        {
            var known = stage.Base is StageBase.Stage parent ? new Dictionary<PackageManager, LintedInstruction>(fetched[parent.Index]) : [];
            fetched.Add(known);
            foreach (var instruction in stage.Instructions)
            {
                CheckIndex(instruction, known, found);
            }
        }
    }

    /// <summary>These lock their directories: two steps at once would fail or wait for each other without end.</summary>
    public static void SharedPackageCache(LintedFile file, DiagnosticBag found)
    {
        foreach (var instruction in file.Stages.SelectMany(stage => stage.Instructions).Where(instruction => instruction.Syntax is RunSyntax))
        {
            foreach (var mount in instruction.Head.AllFlags("mount").Select(MountSyntax.Read))
            {
                var target = (Value(mount, "target") ?? Value(mount, "dst") ?? Value(mount, "destination"))?.Text ?? "";
                var sharing = Value(mount, "sharing");
                if (Value(mount, "type")?.Text == "cache"
                    && sharing?.Text is null or "shared"
                    && PackageManager.All.FirstOrDefault(manager => manager.Caches.Contains(target.TrimEnd('/'))) is { } manager)
                {
                    found.Report(
                        Rules.SharedPackageCache, mount.Value.Span, $"{manager.Name} wants '{target}' for itself, and steps share this cache; write sharing=locked",
                        sharing is { } shared ? shared.Replace("locked") : mount.Value.Replace($"{mount.Value.Text},sharing=locked"));
                }
            }
        }
    }

    private static void CheckIndex(LintedInstruction instruction, Dictionary<PackageManager, LintedInstruction> known, DiagnosticBag found)
    {
        var fresh = new HashSet<PackageManager>();
        foreach (var command in instruction.Commands)
        {
            if (PackageManager.Of(command) is not { } manager)
            {
                continue;
            }

            if (manager.IsUpdate(command))
            {
                fresh.Add(manager);
            }
            else if (manager.IsInstall(command) && !fresh.Contains(manager) && known.TryGetValue(manager, out var step))
            {
                found.Report(
                    Rules.StalePackageIndex, command.Words[0].Span.To(command.Words[Math.Min(1, command.Words.Length - 1)].Span),
                    $"this installs by the index that {step.PlaceFrom(command.Words[0].Span.Source)} has fetched, which may be long out of date when that step is cached");

                // Once for a step.
                fresh.Add(manager);
            }
        }

        foreach (var manager in fresh)
        {
            known.TryAdd(manager, instruction);
        }
    }

    private static Word? Value(MountSyntax mount, string key) => mount.Fields.FirstOrDefault(field => field.Name == key)?.Value;
}
