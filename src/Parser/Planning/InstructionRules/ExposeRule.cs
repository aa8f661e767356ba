using System.Globalization;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Ports that the image listens on.</summary>
internal static class ExposeRule
{
    public static void Plan(ExposeSyntax syntax, StagePlanner stage)
    {
        foreach (var word in syntax.Ports)
        {
            if (stage.Expand(word) is not { IsKnown: true } expanded)
            {
                continue;
            }

            foreach (var port in expanded.Words)
            {
                Add(port, word, stage);
            }
        }
    }

    private static void Add(string port, Word word, StagePlanner stage)
    {
        var slash = port.IndexOf('/');
        var protocol = slash < 0 ? "tcp" : port[(slash + 1)..];
        var numbers = slash < 0 ? port : port[..slash];

        var colon = numbers.LastIndexOf(':');
        if (colon >= 0)
        {
            stage.Report(
                Rules.ExposeInvalidFormat, word.Span, $"'{port}' names an address or a port of the host; EXPOSE takes the container's port only",
                word.Text == port ? word.Replace(port[(colon + 1)..]) : null);
            numbers = numbers[(colon + 1)..];
        }

        if (protocol.ToLowerInvariant() is not ("tcp" or "udp" or "sctp") || !TryParseRange(numbers, out var first, out var last))
        {
            stage.Report(Rules.InvalidPort, word.Span, $"'{port}' is not a port; expected PORT, FIRST-LAST or PORT/PROTOCOL (tcp, udp or sctp)");
            return;
        }

        var lower = protocol.ToLowerInvariant();
        if (lower != protocol)
        {
            stage.Report(
                Rules.ExposeProtoCasing, word.Span, $"the protocol of '{port}' should be in lower case: '{lower}'",
                word.Text == port ? word.Slice(slash + 1, port.Length).Replace(lower) : null);
        }

        var added = Enumerable.Range(first, last - first + 1).Select(number => $"{number}/{lower}");
        stage.Config = stage.Config with
        {
            ExposedPorts = [.. stage.Config.ExposedPorts.Concat(added).Distinct().Order(StringComparer.Ordinal)],
        };
    }

    private static bool TryParseRange(string text, out int first, out int last)
    {
        var dash = text.IndexOf('-');
        var firstText = dash < 0 ? text : text[..dash];
        var lastText = dash < 0 ? text : text[(dash + 1)..];
        last = 0;
        return TryParsePort(firstText, out first) && TryParsePort(lastText, out last) && first <= last;
    }

    private static bool TryParsePort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 0 and <= 65535;
}
