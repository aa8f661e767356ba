using Kleene.Build.Builder;
using Kleene.Build.Runtime;

namespace Kleene.Build.Cli.Commands;

/// <summary>Reads <c>--secret id=ID[,src=FILE|env=VARIABLE][,type=file|env]</c> as buildx does.</summary>
internal static class SecretOption
{
    public const string Name = "--secret";

    /// <summary>As much as BuildKit takes.</summary>
    private const int LargestSecret = 500 * 1024;

    /// <exception cref="KleeneException">A file cannot be read. A variable that is not set is a matter for the commands that want it.</exception>
    public static BuildSecrets Read(IEnumerable<string> texts)
    {
        var secrets = new List<BuildSecret>();
        foreach (var text in texts)
        {
            var secret = Read(text);
            secrets.Add(secrets.All(other => other.Id != secret.Id) ? secret : throw new UsageException($"{Name} id={secret.Id} is given twice"));
        }

        return new BuildSecrets(secrets);
    }

    private static BuildSecret Read(string text)
    {
        var fields = OptionFields.Parse(text, Name, "id", "type", "src", "source", "env");
        var id = fields.Find("id") ?? throw fields.Wrong("has no id; write id=ID,src=FILE or id=ID,env=VARIABLE");
        var file = fields.Find("src", "source");
        var variable = fields.Find("env");
        var type = fields.Find("type");
        if (type is not (null or "file" or "env"))
        {
            throw fields.Wrong($"has the type '{type}'; there are 'file' and 'env'");
        }

        if (file is not null && variable is not null)
        {
            throw fields.Wrong("has both a file and a variable; give one of them");
        }

        if (type == "env")
        {
            // With type=env, src names the variable.
            return FromVariable(id, variable ?? file ?? id);
        }

        return variable is not null && type is null ? FromVariable(id, variable)
            : file is null && type is null && Environment.GetEnvironmentVariable(id) is not null ? FromVariable(id, id)
            : FromFile(id, file ?? id);
    }

    private static BuildSecret FromVariable(string id, string name) =>
        Environment.GetEnvironmentVariable(name) is { } value
            ? new BuildSecret(id, System.Text.Encoding.UTF8.GetBytes(value))
            : new BuildSecret(id, default, $"--secret id={id} is to come from the variable '{name}', which is not set");

    private static BuildSecret FromFile(string id, string path)
    {
        try
        {
            // A pipe, as of <(command), has no length.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read);
            var content = new byte[LargestSecret + 1];
            var length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return length <= LargestSecret
                ? new BuildSecret(id, content.AsMemory(0, length))
                : throw new KleeneException($"{Name} id={id}: '{path}' is larger than {LargestSecret / 1024} KiB, the most that a secret can be");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KleeneException($"{Name} id={id}: '{path}' cannot be read: {(exception is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : exception.Message)}", exception);
        }
    }
}
