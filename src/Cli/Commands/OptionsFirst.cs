using System.CommandLine;
using Kleene.Build.Runtime;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// The two habits of container tools that the command-line library does not share: for commands that end in another command, options
/// end at the first word that is none (<c>run IMAGE ls -l</c>), and an option whose value may be missing takes it only behind <c>=</c>.
/// </summary>
internal static class OptionsFirst
{
    public static string[] Apply(Command command, string[] words, int position)
    {
        var optional = command.Options.Where(option => option.Arity is { MinimumNumberOfValues: 0, MaximumNumberOfValues: 1 } && option.ValueType != typeof(bool)).ToList();
        var endsInCommand = command.Arguments.Any(argument => argument.Name == "COMMAND");
        var result = new List<string>(words.Length + 1);
        result.AddRange(words[..(position + 1)]);
        for (var i = position + 1; i < words.Length; i++)
        {
            var word = words[i];
            if (command.Options.Any(option => option.Name == word && option.HelpName == Rest))
            {
                return [.. result, $"{word}={RestMark}{string.Join(RestMark, words[(i + 1)..])}"];
            }

            if (word == "--")
            {
                return [.. result, .. words[i..]];
            }

            if (!word.StartsWith('-') || word == "-")
            {
                if (endsInCommand)
                {
                    return [.. result, "--", .. words[i..]];
                }

                result.Add(word);
                continue;
            }

            if (endsInCommand && !IsKnown(command, word))
            {
                throw new UsageException($"'{command.Name}' has no option '{word.Split('=')[0]}'; {Hint(command, word)}");
            }

            result.Add(optional.Any(option => option.Name == word) ? $"{word}={Everything}" : word);
            if (TakesNext(command, word) && i + 1 < words.Length)
            {
                result.Add(words[++i]);
            }
        }

        return [.. result];
    }

    /// <summary>The help name of an option that takes all words behind it, whatever they look like.</summary>
    public const string Rest = "ARGS…";

    /// <summary>Stands before each of them; no word has it.</summary>
    private const char RestMark = '\0';

    /// <summary>The words that such an option was given.</summary>
    public static string[] RestOf(string value) => value.Length == 1 ? [] : value[1..].Split(RestMark);

    /// <summary>The value of an option that was given without one.</summary>
    public const string Everything = "*";

    private static IEnumerable<Option> OptionsOf(Command command) => command.Options.Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options));

    /// <summary>The library would take an unknown option for the argument.</summary>
    private static bool IsKnown(Command command, string word)
    {
        var name = word.StartsWith("--", StringComparison.Ordinal) ? word.Split('=')[0] : word[..2];
        return OptionsOf(command).Any(option => option.Name == name || option.Aliases.Contains(name));
    }

    private static string Hint(Command command, string word) =>
        Suggestion.Nearest(word.Split('=')[0], OptionsOf(command).SelectMany(option => option.Aliases.Prepend(option.Name)).Append("--help")) is { } nearest
            ? $"did you mean '{nearest}'?"
            : $"options of the container's command come behind the {command.Arguments[0].Name}";

    private static bool TakesNext(Command command, string word)
    {
        if (word.Contains('=', StringComparison.Ordinal))
        {
            return false;
        }

        var options = OptionsOf(command);
        if (word.StartsWith("--", StringComparison.Ordinal))
        {
            return options.FirstOrDefault(option => option.Name == word || option.Aliases.Contains(word)) is { } named && named.ValueType != typeof(bool) && named.Arity.MinimumNumberOfValues > 0;
        }

        // Of bundled short options (-it) the last one decides; a value glued to its option (-p80) needs no next word.
        var known = options.ToList();
        for (var i = 1; i < word.Length; i++)
        {
            var letter = $"-{word[i]}";
            if (known.FirstOrDefault(option => option.Aliases.Contains(letter) || option.Name == letter) is { } option && option.ValueType != typeof(bool))
            {
                return i == word.Length - 1;
            }
        }

        return false;
    }
}
