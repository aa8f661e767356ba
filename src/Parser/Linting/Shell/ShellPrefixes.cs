namespace Kleene.Build.Parser.Linting.Shell;

/// <summary>What may stand before a program: words of the shell's grammar, assignments, programs that only start another.</summary>
internal static class ShellPrefixes
{
    private static readonly HashSet<string> Keywords = ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "fi", "done", "esac", "time"];

    // What follows these is no program.
    private static readonly HashSet<string> Headings = ["for", "case", "select", "function"];

    private static readonly HashSet<string> Wrappers = ["sudo", "env", "exec", "command", "nohup", "nice", "eatmydata", "doas"];

    /// <summary>The index of the program; the number of words when there is none.</summary>
    public static int Skip(List<ShellArgument> words)
    {
        var i = 0;
        var isWrapped = false;
        while (i < words.Count)
        {
            var word = words[i].Text;
            if (Headings.Contains(word))
            {
                return words.Count;
            }

            if (Wrappers.Contains(word))
            {
                isWrapped = true;
            }
            else if (!Keywords.Contains(word) && !IsAssignment(word) && !(isWrapped && words[i].IsOption))
            {
                break;
            }

            i++;
        }

        return i;
    }

    private static bool IsAssignment(string word)
    {
        var equals = word.IndexOf('=');
        return equals > 0 && word.AsSpan(0, equals).IndexOfAnyExcept(NameCharacters) < 0 && !char.IsAsciiDigit(word[0]);
    }

    private static readonly System.Buffers.SearchValues<char> NameCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+");
}
