using System.Text;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime;

namespace Kleene.Build.Cli.Commands;

/// <summary>A Kleenefile before and after everything in it was corrected that can be without asking its author.</summary>
/// <param name="Kleenefile">As it is then.</param>
/// <param name="Before">The bytes of the file.</param>
/// <param name="After">The bytes that it should have.</param>
/// <param name="Count">How many findings are gone.</param>
internal sealed record KleenefileCorrection(Kleenefile Kleenefile, byte[] Before, byte[] After, int Count)
{
    // One correction can make another possible, and two that touch come one after the other. Each round corrects something, so few are enough.
    private const int MostRounds = 8;

    public static KleenefileCorrection Of(Kleenefile kleenefile, Func<Kleenefile, Compilation> compile)
    {
        var before = kleenefile.File is { } file ? File.ReadAllBytes(file) : Encoding.UTF8.GetBytes(kleenefile.Source.Text);
        var (current, bytes, count) = (kleenefile, before, 0);
        for (var round = 0; round < MostRounds; round++)
        {
            var found = compile(current).Diagnostics;
            var edits = Fixes.Choose(current.Source, found, out var corrected);
            if (corrected == 0)
            {
                break;
            }

            bytes = KleenefileRewriter.Apply(bytes, current.Source, edits)
                ?? throw new KleeneException($"'{kleenefile.File}' is no text in UTF-8, or has changed while it was checked; nothing was written");
            current = current with { Source = new SourceText(current.Source.Path, Fixes.Apply(current.Source, edits)) };
            count += corrected;
        }

        return new KleenefileCorrection(current, before, bytes, count);
    }
}
