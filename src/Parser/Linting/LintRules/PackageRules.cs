using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

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
        foreach (var head in file.Stages.SelectMany(stage => stage.Instructions).Select(instruction => instruction.Head).Where(head => head.Name == "RUN"))
        {
            foreach (var mount in head.AllFlags("mount"))
            {
                var keys = MountKeys(mount);
                var target = Value(keys, "target") ?? Value(keys, "dst") ?? Value(keys, "destination") ?? "";
                if (Value(keys, "type") == "cache"
                    && Value(keys, "sharing") is null or "shared"
                    && PackageManager.All.FirstOrDefault(manager => manager.Caches.Contains(target.TrimEnd('/'))) is { } manager)
                {
                    found.Report(
                        Rules.SharedPackageCache, mount.Span, $"{manager.Name} wants '{target}' for itself, and steps share this cache; write sharing=locked",
                        Lock(mount));
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

    private static List<string[]> MountKeys(Word mount) => [.. mount.Text.Split(',').Select(part => part.Split('=', 2))];

    private static string? Value(List<string[]> keys, string name) => keys.FirstOrDefault(key => key[0] == name && key.Length == 2)?[1];

    private static TextEdit? Lock(Word mount)
    {
        const string shared = "sharing=shared";
        var at = mount.Text.IndexOf(shared, StringComparison.Ordinal);
        if (mount.Text.Contains('"') || mount.Text.Contains('\''))
        {
            return null;
        }

        return at < 0
            ? new TextEdit(mount.SpanOf(mount.Text.Length, 0), ",sharing=locked")
            : new TextEdit(mount.SpanOf(at, shared.Length), "sharing=locked");
    }
}
