using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;

namespace Kleene.Build.Parser.Syntax;

/// <summary>Tells the words of a COPY that are heredocs from those that are paths.</summary>
internal static class HeredocWords
{
    /// <summary>The sources that are paths and those that are files of the text; null when one cannot be, which has been reported.</summary>
    public static (ImmutableArray<Word> Paths, ImmutableArray<HeredocSyntax> Files)? Separate(
        IReadOnlyList<Word> sources, Word destination, InstructionHead head, DiagnosticBag diagnostics)
    {
        var files = head.Line.Heredocs.ToDictionary(heredoc => heredoc.Operator);
        if (files.ContainsKey(destination.Span))
        {
            head.ReportMalformed(diagnostics, destination.Span, $"has '{destination.Text}' and no destination");
            return null;
        }

        var good = true;
        foreach (var file in files.Values)
        {
            // Arguments are cut at every blank, so a quoted one in the name has torn it apart.
            if (file.Name is "." or ".." || file.Name.Contains('/') || sources.All(source => source.Span != file.Operator))
            {
                good = false;
                diagnostics.Report(Rules.InvalidName, file.Operator, $"'{file.Name}' cannot name a file; a heredoc here has no '/' and no blank in its name");
            }
        }

        return good
            ? ([.. sources.Where(source => !files.ContainsKey(source.Span))], head.Line.Heredocs)
            : null;
    }
}
