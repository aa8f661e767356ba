using System.Text;

namespace Kleene.Build.Bench.Compiler;

/// <summary>Breaks texts in the ways in which texts break: pieces lost, doubled, moved, mixed with others, and strange characters.</summary>
internal sealed class Mutator(IReadOnlyList<string> seeds, Random random)
{
    private const int LongestText = 20_000;

    private static readonly string[] Fragments =
    [
        "FROM ", "RUN ", "COPY ", "ADD ", "ENV ", "ARG ", "LABEL ", "CMD ", "ENTRYPOINT ", "SHELL ", "EXPOSE ", "VOLUME ", "USER ", "WORKDIR ", "STOPSIGNAL ",
        "HEALTHCHECK ", "ONBUILD ", "MAINTAINER ", "INCLUDE ", "IF ", "ELSE", "END", " AS ", "NONE", "--from=", "--mount=type=", "--chmod=", "--", "--a=b ",
        "# syntax=kleene\n", "# syntax=docker/dockerfile:1\n", "# escape=`\n", "# check=skip=all\n", "#", "# \\\n", "\n", "\r\n", "\r", "\n\n\n", "\\\n", "\\ \n", "\\\\\n", "`\n",
        "\\", "`", " ", "\t", "  ", "\u00A0", "\u2028", "\u0085", "\f", "\v", "\0", "\uFEFF", "é", "\uD83D", "\uDE00", "\"", "'", "$", "${", "}", "${A:-", "${A:?", "${A#*", "${A//x/",
        "$A", "[", "]", "[\"", "\"]", "\",\"", ",", "{", "\\u0041", "<<EOF", "<<-EOF", "<<'EOF'", "<<\"E F\"", "\nEOF\n", "\n\tEOF\n", "3<<A <<B", "=", "A=", "A=1 B=2", ":", "/", "..", "*", "?",
        "!", "&&", "||", "==", "!=", "( ", " )", "0", "-1", "99999999999999999999", "80/tcp", "1h30m", "scratch", "u+rwX",
    ];

    public string Next()
    {
        var text = new StringBuilder(Seed());
        var changes = 1 + random.Next(6);
        for (var i = 0; i < changes; i++)
        {
            Change(text);
        }

        return text.Length <= LongestText ? text.ToString() : text.ToString(0, LongestText);
    }

    private void Change(StringBuilder text)
    {
        var at = random.Next(text.Length + 1);
        var length = random.Next(1 + Math.Min(text.Length - at, 1 << random.Next(8)));
        switch (random.Next(10))
        {
            case 0:
                text.Remove(at, length);
                break;
            case 1:
                text.Insert(at, text.ToString(at, length));
                break;
            case 2:
                var moved = text.ToString(at, length);
                text.Remove(at, length).Insert(random.Next(text.Length + 1), moved);
                break;
            case 3:
                text.Length = at;
                break;
            case 4:
                text.Insert(at, Seed());
                break;
            case 5 when at < text.Length:
                text[at] = (char)random.Next(128);
                break;
            case 6 when length > 0:
                text.Replace("\n", Fragment(), at, length);
                break;
            case 7 when length > 0:
                text.Replace(" ", Fragment(), at, length);
                break;
            default:
                text.Insert(at, Fragment());
                break;
        }
    }

    private string Seed() => seeds[random.Next(seeds.Count)];

    private string Fragment() => Fragments[random.Next(Fragments.Length)];
}
