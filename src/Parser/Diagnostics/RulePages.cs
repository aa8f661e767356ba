namespace Kleene.Build.Parser.Diagnostics;

/// <summary>The page of each rule: why it is there, an example of it and how it is done right. Written in Markdown, kept in the assembly.</summary>
public static class RulePages
{
    public static string Of(DiagnosticRule rule)
    {
        using var page = typeof(RulePages).Assembly.GetManifestResourceStream(rule.Name)
            ?? throw new InvalidOperationException($"the rule {rule} has no page");
        using var reader = new StreamReader(page);
        return reader.ReadToEnd();
    }
}
