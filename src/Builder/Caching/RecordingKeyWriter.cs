using System.Collections.Immutable;
using System.Diagnostics;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Builds;

namespace Kleene.Build.Builder.Caching;

/// <summary>The same fields as a record, for people who ask why a step ran.</summary>
internal sealed class RecordingKeyWriter : IKeyWriter
{
    private readonly ImmutableArray<KeyInput>.Builder inputs = ImmutableArray.CreateBuilder<KeyInput>();

    public KeyRecord Finish() => new(inputs.ToImmutable());

    public void Field(string name, string value) => inputs.Add(new KeyInput { Name = name, Values = [value] });

    public void Field(string name, IReadOnlyList<string> values) => inputs.Add(new KeyInput { Name = name, Kind = KeyInputKind.List, Values = [.. values] });

    public void Environment(string name, IReadOnlyList<string> entries, IReadOnlyList<VariableOrigin> origins) =>
        inputs.Add(new KeyInput { Name = name, Kind = KeyInputKind.List, Values = [.. entries], Origins = [.. origins.Select(Origin)] });

    public void Reads(string name, IReadOnlyList<ReadInput> reads) => inputs.AddRange(reads.Select(read => Input(name, read)));

    private static KeyInput Input(string name, ReadInput read) => read switch
    {
        ReadInput.Files files => new KeyInput
        {
            Name = name,
            Kind = KeyInputKind.Files,
            Values = files.Names.Length == 0 ? [files.Digest.ToString()] : [files.Digest.ToString(), files.Names],
            Tree = files.Plan.Origin.Description,
        },
        ReadInput.Paths paths => new KeyInput { Name = name, Kind = KeyInputKind.Tree, Values = [paths.Key, .. paths.Written], Tree = paths.Tree },
        ReadInput.Remote remote => new KeyInput { Name = name, Kind = KeyInputKind.Remote, Values = [remote.Identity], Tree = remote.Address },
        _ => throw new UnreachableException(),
    };

    private static InputOrigin Origin(VariableOrigin origin) => new(
        origin.Source switch
        {
            VariableSource.Base => "base image",
            VariableSource.Default => "default",
            VariableSource.Environment => "ENV",
            VariableSource.Argument => "ARG",
            VariableSource.BuildArgument => "--build-arg",
            VariableSource.Option => "--env",
            _ => throw new UnreachableException(),
        },
        origin.Place);
}
