using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Kleene.Build.Testing.Storage;

/// <summary>Says on a contract's heir what that heir needs; <see cref="ContractFactAttribute"/> skips by it.</summary>
public enum StorageNeed
{
    Root,
    Overlay,
    Btrfs,
    Zfs,
}

/// <summary>Marks a class whose tests need a storage driver.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsStorageAttribute(StorageNeed need) : Attribute
{
    public StorageNeed Need { get; } = need;
}

/// <summary>A fact of a contract. It is written once and run by several heirs, which do not all need the same of the machine.</summary>
[XunitTestCaseDiscoverer("Kleene.Build.Testing.Storage.ContractFactDiscoverer", "Kleene.Build.Testing")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class ContractFactAttribute : FactAttribute;

public sealed class ContractFactDiscoverer(IMessageSink messages) : FactDiscoverer(messages)
{
    protected override IXunitTestCase CreateTestCase(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        new ContractTestCase(DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod);
}

/// <summary>Serialised between the discovering and the running half of xunit, hence the parameterless constructor.</summary>
public sealed class ContractTestCase : XunitTestCase
{
#pragma warning disable CS0618 // xunit itself marks it so: for its deserialiser only
    public ContractTestCase()
    {
    }
#pragma warning restore CS0618

    public ContractTestCase(IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method)
    {
    }

    protected override string? GetSkipReason(IAttributeInfo factAttribute) =>
        TestMethod.TestClass.Class.GetCustomAttributes(typeof(NeedsStorageAttribute).AssemblyQualifiedName).FirstOrDefault() is { } attribute
            ? Reason(attribute.GetNamedArgument<StorageNeed>(nameof(NeedsStorageAttribute.Need)))
            : base.GetSkipReason(factAttribute);

    private static string? Reason(StorageNeed need) => need switch
    {
        StorageNeed.Overlay => StorageNeeds.Overlay,
        StorageNeed.Btrfs => StorageNeeds.Btrfs,
        StorageNeed.Zfs => StorageNeeds.Zfs,
        _ => StorageNeeds.Root,
    };
}
