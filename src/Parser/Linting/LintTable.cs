using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting.LintRules;

namespace Kleene.Build.Parser.Linting;

/// <summary>The rules that look at a file when it has been planned. What planning itself notices on its way is reported there.</summary>
internal static class LintTable
{
    public static ImmutableArray<LintRule> All { get; } =
    [
        new(Rules.FromAsCasing, CasingRules.FromAsCasing),
        new(Rules.ConsistentInstructionCasing, CasingRules.ConsistentInstructionCasing),
        new(Rules.JsonArgsRecommended, CommandRules.JsonArgsRecommended),
        new(Rules.RedundantTargetPlatform, PlatformRules.RedundantTargetPlatform),
        new(Rules.FromPlatformFlagConstDisallowed, PlatformRules.FromPlatformFlagConstDisallowed),
        new(Rules.SecretsUsedInArgOrEnv, SecretNameRules.SecretsUsedInArgOrEnv),
        new(Rules.InvalidDefaultArgInFrom, BaseImageRules.InvalidDefaultArgInFrom),
        new(Rules.CopyIgnoredFile, ContextRules.CopyIgnoredFile),
        new(Rules.InvalidDefinitionDescription, DescriptionRules.InvalidDefinitionDescription),
        new(Rules.StalePackageIndex, PackageRules.StalePackageIndex),
        new(Rules.UnpinnedBaseImage, BaseImageRules.UnpinnedBaseImage),
        new(Rules.CopyBeforeInstall, CacheOrderRules.CopyBeforeInstall),
        new(Rules.EarlyArgument, CacheOrderRules.EarlyArgument),
        new(Rules.SecretFileInContext, ContextRules.SecretFileInContext),
        new(Rules.AddWithoutChecksum, DownloadRules.AddWithoutChecksum),
        new(Rules.WriteToVolume, VolumeRules.WriteToVolume),
        new(Rules.SharedPackageCache, PackageRules.SharedPackageCache),
    ];
}
