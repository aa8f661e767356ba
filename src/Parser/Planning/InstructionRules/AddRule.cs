using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Files from the context, whose archives are unpacked, from web servers and from git repositories.</summary>
internal static class AddRule
{
    private static readonly TreeOrigin Origin = new TreeOrigin.Context();

    public static void Plan(CopySyntax syntax, StagePlanner stage)
    {
        var head = syntax.Head;
        var step = FileRule.Plan(syntax, Origin, stage, (word, source) => Source(word, source, head.Switch("keep-git-dir"), stage));
        if (step is null || Checksum(step, head, stage) is not { } checksum)
        {
            return;
        }

        var manner = new AddManner { Unpacks = head.Switch("unpack"), Checksum = checksum, KeepsGitDirectory = head.Switch("keep-git-dir") };
        stage.Add(head, step with { Add = manner });
    }

    private static string? Source(Word word, string source, bool? keepsGitDirectory, StagePlanner stage)
    {
        switch (RemoteSource.TryParse(source, out var problem))
        {
            case RemoteSource.Git { Address.KeepsGitDirectory: { } asked } when keepsGitDirectory is { } flag && flag != asked:
                stage.Report(Rules.InvalidAddress, word.Span, $"'{source}' says otherwise about the .git directory than --keep-git-dir");
                return null;
            case not null:
                return source;
            case null when problem is not null:
                stage.Report(Rules.InvalidAddress, word.Span, $"'{source}' cannot be fetched from: {problem}");
                return null;
            default:
                return FileRule.PathIn(Origin, word, source, keepsParents: false, stage);
        }
    }

    /// <summary>Empty where none is asked for; null when it cannot be, which has been reported.</summary>
    private static string? Checksum(BuildStep.Copy step, InstructionHead head, StagePlanner stage)
    {
        if (head.Flag("checksum") is not { } flag)
        {
            return "";
        }

        return stage.ExpandToSomething(flag, "the value of --checksum") is { } asked && (!asked.IsKnown || IsRight(asked.Value, step, flag.Span, stage))
            ? asked.Value
            : null;
    }

    /// <summary>A checksum is of one thing; of a file it is a digest, of a commit the beginning of its id.</summary>
    private static bool IsRight(string checksum, BuildStep.Copy step, TextSpan span, StagePlanner stage)
    {
        var remote = step is { Sources: [var source], Heredocs.IsEmpty: true } ? RemoteSource.TryParse(source, out _) : null;
        switch (remote)
        {
            case null:
                stage.Report(
                    Rules.MisplacedChecksum, span,
                    step.Sources.Length + step.Heredocs.Length > 1 ? "--checksum is of one source, and here are several" : $"--checksum is of what is fetched, and '{string.Concat(step.Sources)}' is a file of the context");
                return false;
            case RemoteSource.Http when !IsDigest(checksum):
                stage.Report(Rules.InvalidFlag, span, $"'{checksum}' is no checksum of a file; write 'sha256:' and 64 digits, 0-9 and a-f");
                return false;
            case RemoteSource.Git git when git.Address.Checksum.Length > 0 && git.Address.Checksum != checksum:
                stage.Report(Rules.InvalidAddress, span, $"the address asks for the commit '{git.Address.Checksum}', and --checksum for '{checksum}'");
                return false;
            case RemoteSource.Git when checksum.Length > 64 || !checksum.All(char.IsAsciiHexDigit):
                stage.Report(Rules.InvalidFlag, span, $"'{checksum}' is no beginning of a commit's id; write its digits, 0-9 and a-f");
                return false;
            default:
                return true;
        }
    }

    private static bool IsDigest(string text) =>
        (text.Split(':') is ["sha256", { Length: 64 }] or ["sha384", { Length: 96 }] or ["sha512", { Length: 128 }])
        && text[(text.IndexOf(':') + 1)..].All(char.IsAsciiHexDigitLower);
}
