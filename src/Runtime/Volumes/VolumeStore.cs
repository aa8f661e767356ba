using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Volumes;

/// <summary>Keeps the records of volumes. Touches no files.</summary>
public sealed partial class VolumeStore(Database database)
{
    private const string Columns = "SELECT id, name, labels, created FROM volumes";

    /// <summary>False when the name is taken.</summary>
    public bool TryAdd(Volume volume) =>
        database.Execute(
            "INSERT INTO volumes (id, name, labels, created) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING",
            volume.Id.ToString(),
            volume.Name,
            JsonSerializer.Serialize(volume.Labels, VolumeJson.Default.ImmutableSortedDictionaryStringString),
            volume.Created.ToUnixTimeMilliseconds()) > 0;

    /// <summary>Gives a volume labels beside those it has.</summary>
    public void Label(Volume volume, ImmutableSortedDictionary<string, string> labels) =>
        database.Execute(
            "UPDATE volumes SET labels = $2 WHERE id = $1",
            volume.Id.ToString(),
            JsonSerializer.Serialize(volume.Labels.SetItems(labels), VolumeJson.Default.ImmutableSortedDictionaryStringString));

    public bool Remove(SnapshotId id) => database.Execute("DELETE FROM volumes WHERE id = $1", id.ToString()) > 0;

    public bool Has(SnapshotId id) =>
        database.QueryFirst("SELECT name FROM volumes WHERE id = $1", reader => reader.GetString(0), id.ToString()) is not null;

    /// <summary>By name.</summary>
    public IReadOnlyList<Volume> List() => database.Query($"{Columns} ORDER BY name", Row);

    public Volume? TryFind(string name) => database.QueryFirst($"{Columns} WHERE name = $1", Row, name);

    /// <summary>Finds a volume by its name, its id or the beginning of one.</summary>
    /// <exception cref="VolumeNotFoundException">There is none.</exception>
    /// <exception cref="AmbiguousReferenceException">An id's beginning fits several.</exception>
    public Volume Find(string reference)
    {
        if (TryFind(reference) is { } named)
        {
            return named;
        }

        var found = reference.Length > 0 && reference.All(char.IsAsciiHexDigitLower)
            ? database.Query($"{Columns} WHERE id >= $1 AND id < $2 LIMIT 10", Row, reference, reference + "g")
            : [];
        return found.Count switch
        {
            1 => found[0],
            0 => throw new VolumeNotFoundException(reference, Suggestion.Nearest(reference, List().Select(volume => volume.Name))),
            _ => throw new AmbiguousReferenceException(reference, found.Select(volume => volume.Id.ToString())),
        };
    }

    /// <exception cref="KleeneException">It cannot name a volume.</exception>
    public static string Checked(string name) => NameForm().IsMatch(name)
        ? name
        : throw new KleeneException($"'{name}' is not a volume name; use letters, digits and . _ -, a letter or digit first, and no more than 200");

    private static Volume Row(RowReader reader) => new()
    {
        Id = SnapshotId.Parse(reader.GetString(0)),
        Name = reader.GetString(1),
        Labels = (JsonSerializer.Deserialize(reader.GetString(2), VolumeJson.Default.ImmutableSortedDictionaryStringString) ?? VolumeSpec.NoLabels)
            .WithComparers(StringComparer.Ordinal),
        Created = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(3)),
    };

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}\z")]
    private static partial Regex NameForm();
}

[JsonSerializable(typeof(ImmutableSortedDictionary<string, string>))]
internal sealed partial class VolumeJson : JsonSerializerContext;
