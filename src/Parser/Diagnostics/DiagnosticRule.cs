namespace Kleene.Build.Parser.Diagnostics;

/// <summary>One kind of finding: what it is called, what it means and what to do about it.</summary>
/// <param name="Id"><c>KB</c> and four digits; never reused.</param>
/// <param name="Name">In one word; BuildKit's where BuildKit has the same rule.</param>
/// <param name="Severity">How much it weighs unless the file's <c>check</c> directive says otherwise.</param>
/// <param name="Title">What is wrong, in general.</param>
/// <param name="Help">What the author can do.</param>
public sealed record DiagnosticRule(string Id, string Name, DiagnosticSeverity Severity, string Title, string Help)
{
    /// <summary>Whether BuildKit has a rule of the same name that finds the same.</summary>
    public bool IsBuildKits { get; init; }

    /// <summary>Whether it is still on trial: looked for only where <c>check=experimental=...</c> asks for it.</summary>
    public bool IsExperimental { get; init; }

    public override string ToString() => $"{Id} {Name}";
}
