namespace Kleene.Build.Parser.Linting;

/// <summary>How much is looked for beyond what the plan itself needs.</summary>
public enum LintLevel
{
    /// <summary>Only what a plan cannot be made without, and what planning finds on its way.</summary>
    None,

    /// <summary>What is likely to be a mistake. Looks at the text only.</summary>
    Warnings,

    /// <summary>Advice as well, and skips that skip nothing.</summary>
    Everything,
}
