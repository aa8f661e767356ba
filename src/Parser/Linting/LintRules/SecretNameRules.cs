using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>Secrets that would stay in the configuration or the history of the image, judged by their names.</summary>
internal static class SecretNameRules
{
    private static readonly HashSet<string> Secret = new(StringComparer.OrdinalIgnoreCase)
    {
        "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token",
    };

    private static readonly HashSet<string> Harmless = new(StringComparer.OrdinalIgnoreCase) { "public", "file", "version" };

    public static void SecretsUsedInArgOrEnv(LintedFile file, DiagnosticBag found)
    {
        foreach (var instruction in file.Stages.SelectMany(stage => stage.Instructions))
        {
            foreach (var pair in Pairs(instruction.Syntax))
            {
                if (IsSecret(pair.Name.Text))
                {
                    found.Report(
                        Rules.SecretsUsedInArgOrEnv, pair.Name.Span,
                        $"'{pair.Name.Text}' sounds like a secret, and what {instruction.Head.Name} holds can be read in the image or its history");
                }
            }
        }
    }

    /// <summary>One of the words between underscores says so, and none of them takes it back.</summary>
    internal static bool IsSecret(string name)
    {
        var words = name.Split('_');
        return words.Any(Secret.Contains) && !words.Any(Harmless.Contains);
    }

    private static IEnumerable<PairSyntax> Pairs(InstructionSyntax syntax) => syntax switch
    {
        ArgSyntax arg => arg.Declarations,
        EnvSyntax env => env.Pairs,
        _ => [],
    };
}
