using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>Instructions that decide what a build consists of, carried out: ONBUILD, INCLUDE, IF and --platform.</summary>
public sealed class LanguageTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task Triggers_run_in_the_build_that_starts_from_the_image_and_in_no_later_one()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(
            space.Context(
                """
                FROM busybox
                ONBUILD ARG WHO=nobody
                ONBUILD COPY . /src
                ONBUILD RUN <<MAKE
                echo "made for $WHO" > /made
                cat /src/a >> /made
                MAKE
                ONBUILD CMD ["cat", "/made"]
                RUN echo base > /base
                """,
                "base"),
            "base");
        var app = space.Context("FROM base AS app\nRUN echo own >> /made\n");
        space.Write("context/a", "the file\n");

        var told = await space.BuildAsync(app, "app", "--build-arg", "WHO=me");

        Assert.Equal("made for me\nthe file\nown\n", await space.SucceedAsync("run", "--rm", "app"));
        Assert.Contains("Step 1/3 : COPY . /src\n", told, StringComparison.Ordinal);
        await space.BuildAsync(space.Context("FROM app\n", "later"), "later");
        Assert.Contains("\"OnBuild\":[]", (await space.SucceedAsync("image", "inspect", "app")).Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("made for me\nthe file\nown\n", await space.SucceedAsync("run", "--rm", "later"));
    }

    [JailFact]
    public async Task A_trigger_may_copy_from_an_image_that_only_it_names()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nRUN echo tool > /tool\n", "tools"), "tools");
        await space.BuildAsync(space.Context("FROM busybox\nONBUILD COPY --from=tools:latest /tool /opt/\n", "base"), "base");

        await space.BuildAsync(space.Context("FROM base\n"), "app");

        Assert.Equal("tool\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/opt/tool"));
    }

    [JailFact]
    public async Task What_is_wrong_with_a_trigger_is_told_of_the_line_that_chose_the_base()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nONBUILD RUN ${X}\nONBUILD COPY --from=tolls /a /b\n", "base"), "base");

        var error = await space.FailAsync(2, "build", space.Context("FROM busybox AS tools\nFROM base\n"));

        Assert.Contains("Kleenefile:2:6: error KB0012: in 'ONBUILD COPY --from=tolls /a /b' of the base: stage 'tolls' is not defined; did you mean 'tools'?", error, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task An_included_file_leads_to_the_same_cache_entries_as_its_text_does()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nRUN echo tools > /tools\nRUN cat /tools\n", "whole"), "whole");
        var context = space.Context("FROM busybox\nINCLUDE parts/tools.inc\nRUN cat /tools\n");
        space.Write("context/parts/tools.inc", "# shared\r\nRUN echo tools > /tools");

        var told = await space.BuildAsync(context, "app");

        Assert.Equal(2, told.Split("--> Using cache").Length - 1);
        space.Write("context/parts/tools.inc", "RUN echo tools > /tools\nRUN false\n");
        Assert.Contains("error: parts/tools.inc:2: RUN false: the command exited with code 1", await space.FailAsync(1, "build", context), StringComparison.Ordinal);
    }

    [JailTheory]
    [InlineData("../outside.inc", "lies outside")]
    [InlineData("/etc/passwd", "lies outside")]
    [InlineData("link.inc", "cannot")]
    [InlineData("parts/tolls.inc", "did you mean 'parts/tools.inc'?")]
    [InlineData("parts", "cannot")]
    public async Task What_cannot_be_included_is_told_and_nothing_outside_is_read(string path, string reason)
    {
        var context = space.Context($"FROM scratch\nINCLUDE {path}\n");
        space.Write("outside.inc", "RUN secret\n");
        space.Write("context/parts/tools.inc", "RUN x\n");
        File.CreateSymbolicLink(space["context/link.inc"], space["outside.inc"]);

        var error = await space.FailAsync(2, "plan", context);

        Assert.StartsWith("Kleenefile:2:9: error KB0110: ", error, StringComparison.Ordinal);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_kleenefile_in_a_folder_of_the_context_includes_from_above_it()
    {
        var context = space.Context("FROM scratch\n");
        space.Write("context/ci/build.kf", "INCLUDE ../shared/base.inc\nRUN x\n");
        space.Write("context/shared/base.inc", "FROM scratch AS base\n");

        Assert.Contains("stage 0 base from scratch", await space.SucceedAsync("plan", "-f", space["context/ci/build.kf"], context), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_condition_may_ask_what_only_the_base_image_knows()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nENV FLAVOUR=sweet\n", "base"), "base");
        var context = space.Context(
            """
            FROM base
            ARG LOUD
            IF $FLAVOUR == sweet && ! $LOUD
              RUN echo quietly sweet > /said
            ELSE
              RUN echo SWEET > /said
            END
            """);

        var told = await space.BuildAsync(context, "app");
        await space.BuildAsync(context, "loud", "--build-arg", "LOUD=yes");

        Assert.DoesNotContain("KB0109", told, StringComparison.Ordinal);
        Assert.Equal("quietly sweet\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/said"));
        Assert.Equal("SWEET\n", await space.SucceedAsync("run", "--rm", "loud", "cat", "/said"));
    }

    [JailFact]
    public async Task An_image_for_another_platform_is_made_by_a_stage_for_this_one()
    {
        await space.WithBusyboxAsync();
        var context = space.Context(
            """
            FROM --platform=$BUILDPLATFORM busybox AS compile
            ARG TARGETPLATFORM
            RUN echo "for $TARGETPLATFORM" > /app
            FROM scratch
            COPY --from=compile /app /app
            """);

        await space.BuildAsync(context, "app", "--platform", "linux/riscv64");
        var told = await space.BuildAsync(space.Context("FROM app\nCOPY --from=app /app /again\n", "child"), "child");

        Assert.Contains("\"Platform\":\"linux/riscv64\"", (await space.SucceedAsync("image", "inspect", "app")).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("KB0112: the image 'app' was made for linux/riscv64, the stage is for linux/", told, StringComparison.Ordinal);
    }
}
