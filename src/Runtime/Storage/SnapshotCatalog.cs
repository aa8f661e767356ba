namespace Kleene.Build.Runtime.Storage;

public sealed class SnapshotCatalog
{
}
