using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Expansion;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Planning;

/// <summary>
/// A stage while its instructions are folded into it: the variables in scope, the configuration so far and the steps.
/// The rules of the instructions write to it; it knows none of them.
/// </summary>
internal sealed class StagePlanner : IVariables
{
    private readonly ImmutableArray<BuildStep>.Builder steps = ImmutableArray.CreateBuilder<BuildStep>();
    private readonly List<PlannedInstruction> instructions = [];
    private readonly SortedSet<int> dependencies = [];
    private readonly Dictionary<string, InstructionHead> lastOf = new(StringComparer.Ordinal);
    private readonly VariableTable arguments;
    private readonly VariableTable environment;

    // What the caller adds for the commands of this build; an ENV of the same name takes its place.
    private readonly VariableTable extraEnvironment;

    // Names whose values were made from what an unknown base may define, and whether the word in hand uses one.
    private readonly HashSet<string> unsettled = new(StringComparer.Ordinal);
    private bool usesUnsettled;

    // Steps between two changes share one array.
    private CommandEnvironment? commandEnvironment;

    /// <summary>A stage on an image or on nothing.</summary>
    /// <param name="known">The configuration of the base; null when nothing is known of it.</param>
    public StagePlanner(PlanningContext context, int index, StageBase stageBase, StageConfig? known)
    {
        Context = context;
        Index = index;
        Base = stageBase;
        IsBaseKnown = known is not null;
        Config = known ?? new StageConfig();
        arguments = context.Dialect == Dialect.Kleene ? context.Globals.Declared() : new VariableTable();
        environment = new VariableTable(Config.Env, VariableSource.Base);
        extraEnvironment = new VariableTable(context.Options.ExtraEnvironment, VariableSource.Option);
    }

    /// <summary>A stage on an earlier one, of which it inherits everything, its ARGs included.</summary>
    public StagePlanner(StagePlanner parent, int index)
    {
        Context = parent.Context;
        Index = index;
        Base = new StageBase.Stage(parent.Index);
        IsBaseKnown = parent.IsBaseKnown;
        Config = parent.Config;
        arguments = parent.arguments.Clone();
        environment = parent.environment.Clone();
        extraEnvironment = parent.extraEnvironment.Clone();
        unsettled = [.. parent.unsettled];
        HasWorkingDirectory = parent.HasWorkingDirectory;
        HasUser = parent.HasUser;
        dependencies.Add(parent.Index);
    }

    public PlanningContext Context { get; }

    public int Index { get; }

    /// <summary>Where its FROM stands.</summary>
    public string Place { get; set; } = "";

    /// <summary>Its FROM; not always one that could be read.</summary>
    public InstructionSyntax? Opening { get; set; }

    public StageBase Base { get; }

    /// <summary>Whether what the base brings is known; if not, nothing may be concluded from its absence.</summary>
    public bool IsBaseKnown { get; }

    /// <summary>The configuration so far, the environment aside.</summary>
    public StageConfig Config { get; set; }

    /// <summary>Whether the caller put a tree in the place of the whole stage, whose instructions then do nothing.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>Absolute.</summary>
    public string WorkingDirectory => Config.WorkingDir.Length == 0 ? "/" : Config.WorkingDir;

    /// <summary>Whether the file itself has said where relative paths start.</summary>
    public bool HasWorkingDirectory { get; set; }

    /// <summary>Whether the file itself has said who runs commands.</summary>
    public bool HasUser { get; set; }

    /// <summary>Who runs commands.</summary>
    public string CommandUser => HasUser || Context.Options.CommandUser.Length == 0 ? Config.User : Context.Options.CommandUser;

    public ImmutableArray<string> Shell => Config.Shell.IsEmpty ? ["/bin/sh", "-c"] : Config.Shell;

    /// <summary>Every name that has been declared, for suggestions.</summary>
    public IEnumerable<string> Names => environment.Names.Concat(extraEnvironment.Names).Concat(arguments.Names);

    private bool HasDefaultPath => IsBaseKnown && !environment.Contains("PATH") && !extraEnvironment.Contains("PATH");

    /// <summary>ENV beats ARG.</summary>
    public string? Find(string name)
    {
        usesUnsettled |= unsettled.Contains(name);
        return extraEnvironment.Find(name) ?? environment.Find(name) ?? arguments.Find(name) ?? (name == "PATH" && HasDefaultPath ? StageConfig.DefaultPath : null);
    }

    /// <summary>Expands a word and reports what is wrong with it; null when it cannot be expanded.</summary>
    public PlannedWord? Expand(Word word)
    {
        usesUnsettled = false;
        return Judge(word, PlanningContext.Expand(word, this));
    }

    /// <summary>The same for the body of a heredoc, in which quotes mean nothing.</summary>
    public PlannedWord? ExpandText(Word text)
    {
        usesUnsettled = false;
        return Judge(text, PlanningContext.ExpandText(text, this));
    }

    /// <summary>The same for a word that has to be something in the end.</summary>
    public PlannedWord? ExpandToSomething(Word word, string what)
    {
        var expanded = Expand(word);
        if (expanded is not { Value.Length: 0 } empty)
        {
            return expanded;
        }

        // What an unknown base would have filled in stands as it was written.
        if (!empty.IsKnown)
        {
            return empty with { Value = word.Text };
        }

        Report(Rules.EmptyValue, word.Span, $"{what} is empty: '{word.Text}'");
        return null;
    }

    public void Report(DiagnosticRule rule, TextSpan span, string message, TextEdit? fix = null) =>
        Context.Diagnostics.Report(rule, span, message, fix);

    /// <summary>Declares an argument; without a value it is known and unset.</summary>
    public void SetArgument(string name, string? value, bool isKnown, VariableOrigin origin)
    {
        Settle(name, isKnown);
        arguments.Set(name, value, origin);
    }

    /// <param name="place">Of the ENV.</param>
    public void SetEnvironment(string name, PlannedWord value, string place)
    {
        Settle(name, value.IsKnown);
        extraEnvironment.Remove(name);
        environment.Set(name, value.Value, new VariableOrigin(VariableSource.Environment, place));
    }

    /// <summary>The earlier stages that this one reads.</summary>
    public IEnumerable<int> Dependencies => dependencies;

    public void DependOn(int stage) => dependencies.Add(stage);

    /// <summary>What the stage was made from, in the order of the file.</summary>
    public IReadOnlyList<PlannedInstruction> Instructions => instructions;

    /// <summary>Takes the next instruction of the stage in.</summary>
    public void Fold(InstructionSyntax instruction)
    {
        instructions.Add(new PlannedInstruction(instruction));
        instruction.Head.Definition.Plan?.Invoke(instruction, this);
    }

    /// <summary>Adds a step of which only its own is filled in; where it stands, and what holds there, is the same question for each.</summary>
    public void Add(InstructionHead head, BuildStep step)
    {
        var place = head.Place;
        steps.Add(step with
        {
            Index = steps.Count + 1,
            Instruction = head.Name,
            Text = head.Line.DisplayText,
            File = place.Source.Path,
            Line = place.StartPosition.Line,
            EndLine = place.EndPosition.Line,
            Column = place.StartPosition.Column,
            Config = ConfigHere(),
        });
        if (instructions is [.., var last])
        {
            last.Step = steps[^1];
        }
    }

    /// <summary>Notes an instruction of which only the last counts, and reports the one that it makes void.</summary>
    public void NoteLastCounts(InstructionHead head)
    {
        if (lastOf.TryGetValue(head.Name, out var earlier) && !earlier.Line.Source.IsTrigger)
        {
            Report(
                Rules.MultipleInstructionsDisallowed, earlier.Keyword.Span,
                $"this {head.Name} has no effect: another one stands below it in the same stage");
        }

        lastOf[head.Name] = head;
    }

    /// <summary>Whether the stage itself has had such an instruction.</summary>
    public bool Has(string instruction) => lastOf.ContainsKey(instruction);

    /// <summary>What a command of this stage finds in its environment now.</summary>
    public CommandEnvironment CommandEnvironment() => commandEnvironment ??= FindCommandEnvironment();

    /// <summary>The proxies that were passed as build arguments and that no ARG has made part of the stage.</summary>
    public ImmutableArray<string> ProxyEnvironment()
    {
        var proxies = ImmutableArray.CreateBuilder<string>();
        foreach (var name in BuiltInArguments.Proxies)
        {
            if (!arguments.Contains(name) && !environment.Contains(name) && Context.Options.Arguments.Find(name) is { } value)
            {
                proxies.Add($"{name}={value}");
            }
        }

        return proxies.DrainToImmutable();
    }

    public PlannedStage ToStage(bool isReachable) => new()
    {
        Index = Index,
        Place = Place,
        Name = Context.Stages.NameOf(Index),
        Base = Base,
        IsReachable = isReachable,
        Dependencies = [.. dependencies],
        Steps = steps.ToImmutable(),
        Config = ConfigHere(),
    };

    private CommandEnvironment FindCommandEnvironment()
    {
        var all = new VariableTable();
        if (HasDefaultPath)
        {
            if (arguments.Find("PATH") is null)
            {
                all.Set("PATH", StageConfig.DefaultPath, new VariableOrigin(VariableSource.Default));
            }
            else
            {
                all.Take("PATH", arguments);
            }
        }

        foreach (var table in (VariableTable[])[environment, extraEnvironment])
        {
            foreach (var name in table.Names)
            {
                all.Take(name, table);
            }
        }

        foreach (var name in arguments.Names.Where(name => !all.Contains(name)))
        {
            all.Take(name, arguments);
        }

        return new CommandEnvironment(all.ToEntries(), all.ToOrigins());
    }

    private PlannedWord? Judge(Word word, Expanded expanded)
    {
        foreach (var unset in expanded.Unset)
        {
            ReportUndefined(word, unset);
        }

        if (expanded.Error is { Variable: { } required } && MayComeFromBase(required))
        {
            return new PlannedWord("", IsKnown: false, []);
        }

        if (expanded.Error is { } error)
        {
            Context.Report(error, word);
            return null;
        }

        return new PlannedWord(expanded.Value, IsKnown: !usesUnsettled && !expanded.Unset.Any(unset => MayComeFromBase(unset.Name)), expanded.Words);
    }

    private StageConfig ConfigHere() => Config with { Env = environment.ToEntries() };

    private void Settle(string name, bool isKnown)
    {
        commandEnvironment = null;
        _ = isKnown ? unsettled.Remove(name) : unsettled.Add(name);
    }

    private bool MayComeFromBase(string name) =>
        !IsBaseKnown
        && (unsettled.Contains(name) || !(arguments.Contains(name) || environment.Contains(name) || extraEnvironment.Contains(name)));

    private void ReportUndefined(Word word, UnsetVariable variable)
    {
        // Declared without a value is a decision and not a slip.
        if (arguments.Contains(variable.Name))
        {
            return;
        }

        var span = word.SpanOf(variable.Offset, variable.Length);
        if (Context.Globals.Declares(variable.Name) || Context.Globals.IsPlatformWord(variable.Name))
        {
            Report(Rules.UndefinedVariable, span, $"'{variable.Name}' is not visible in this stage; add 'ARG {variable.Name}' below FROM");
            return;
        }

        // The base image may define it; only a near miss is then worth a word, and PATH is always somebody's.
        var nearest = Suggestion.Nearest(variable.Name, Names);
        if (IsBaseKnown || (nearest is not null && variable.Name != "PATH"))
        {
            Report(
                Rules.UndefinedVariable, span, $"the variable '{variable.Name}' is not defined{Suggestion.Tail(nearest)}",
                variable.Renamed(word, nearest));
        }
    }
}

/// <summary>What a command finds in its environment.</summary>
/// <param name="Entries"><c>NAME=value</c>.</param>
/// <param name="Origins">Where each of them is from.</param>
internal sealed record CommandEnvironment(ImmutableArray<string> Entries, ImmutableArray<VariableOrigin> Origins);
