using System.CommandLine;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.State;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene system set</c>: what holds for all commands that work on a store.</summary>
internal static class SettingCommand
{
    private const string MaximumSize = "max-size";
    private const string Nothing = "none";
    private static readonly string[] Names = [MaximumSize];

    public static Command Create(Verb verb)
    {
        var settings = new Argument<string[]>("NAME=VALUE") { Description = "max-size=20GB, or max-size=none; without any, shows what is set", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("set", "settle what holds for all commands that work on this store") { settings };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var values = context.Get(settings).Select(Parse).ToList();
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var maximum in values)
            {
                await BoundAsync(kleene, maximum, context.Terminal, cancellationToken);
            }

            Write(context.Terminal.Output, new StoreSettings(kleene.Database));
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>One line for each setting.</summary>
    public static void Write(TextWriter output, StoreSettings settings) =>
        output.WriteLine($"{MaximumSize}: {(settings.MaximumBytes is { } bytes ? Sizes.Metric(bytes) : Nothing)}");

    /// <summary>At once, and not only when the next build wants room: who sets it wants to know what it means.</summary>
    private static async Task BoundAsync(Composition kleene, long? maximum, Terminal terminal, CancellationToken cancellationToken)
    {
        var space = kleene.Bound;
        space.Settings.MaximumBytes = maximum;
        if (maximum is not { } bytes || await space.MeasureAsync(cancellationToken) is var taken && taken < bytes)
        {
            return;
        }

        if (await space.EvictAsync(taken, bytes, cancellationToken) is { } evicted)
        {
            terminal.Output.WriteLine(FailureText.Of(evicted));
            taken = await space.MeasureAsync(cancellationToken);
        }

        if (taken >= bytes)
        {
            terminal.Error.WriteLine(
                $"warning: the store takes {Sizes.Metric(taken)}, and nothing is left of the build cache that could be evicted; until you remove something no step of a build will run: "
                + "'kleene system df' shows what takes the space, 'kleene image rm', 'kleene rm' and 'kleene volume rm' free it");
        }
    }

    private static long? Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? text : text[..equals];
        if (name != MaximumSize)
        {
            throw new UsageException($"there is no setting '{name}'{Suggestion.Hint(name, Names)}; there is {string.Join(", ", Names)}");
        }

        return equals < 0 ? throw new UsageException($"'{name}' has no value; write {name}=20GB, or {name}={Nothing}")
            : text[(equals + 1)..] is Nothing ? null
            : OptionValues.DiskBytes(text[(equals + 1)..], name);
    }
}
