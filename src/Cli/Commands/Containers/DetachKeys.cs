using System.Collections.Immutable;
using System.CommandLine;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>--detach-keys</c>: what is typed to leave a container's terminal without ending it.</summary>
internal sealed class DetachKeys
{
    private const string Standard = "ctrl-p,ctrl-q";

    private readonly Option<string> keys = new("--detach-keys") { Description = "what is typed to leave its terminal", HelpName = "KEY[,KEY]…", DefaultValueFactory = _ => Standard };

    public void AddTo(Command command) => command.Options.Add(keys);

    public ImmutableArray<byte> Read(Context context) => Parse(context.Get(keys) ?? Standard);

    /// <summary>Characters, and <c>ctrl-</c> with a letter or one of <c>@ [ \ ] ^ _</c> (docker-attach(1)). Empty: none.</summary>
    internal static ImmutableArray<byte> Parse(string text) => text.Length == 0 ? [] : [.. text.Split(',').Select(key => Key(key, text))];

    private static byte Key(string key, string text)
    {
        const string Control = "ctrl-";
        if (key.Length == 1 && char.IsAscii(key[0]))
        {
            return (byte)key[0];
        }

        // The control characters are those of 0100 and above, less 0100 (ascii(7)).
        return key.Length == Control.Length + 1 && key.StartsWith(Control, StringComparison.Ordinal) && char.ToUpperInvariant(key[^1]) is var letter and >= '@' and <= '_'
            ? (byte)(letter - '@')
            : throw new UsageException($"--detach-keys '{text}': '{key}' is no key; write characters or ctrl-LETTER, separated by commas, such as {Standard}");
    }
}
