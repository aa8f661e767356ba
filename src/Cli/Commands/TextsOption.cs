using System.CommandLine;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// An option that may be given several times, each time with a text. Puts its values together by itself: the library would ask reflection what
/// kind of array they make, which takes as long as all the rest of its parsing.
/// </summary>
internal sealed class TextsOption : Option<string[]>
{
    public TextsOption(string name, params string[] aliases)
        : base(name, aliases) =>
        CustomParser = result =>
        {
            var texts = new string[result.Tokens.Count];
            for (var i = 0; i < texts.Length; i++)
            {
                texts[i] = result.Tokens[i].Value;
            }

            return texts;
        };
}
