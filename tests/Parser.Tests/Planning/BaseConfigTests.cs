using System.Collections.Immutable;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class BaseConfigTests
{
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly StageConfig Debian = new()
    {
        Env = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"],
        Cmd = ["bash"],
        User = "app",
        WorkingDir = "/srv",
        ExposedPorts = ["80/tcp"],
        Volumes = ["/data"],
        Labels = ImmutableSortedDictionary<string, string>.Empty.Add("b", "base").Add("a", "base"),
        StopSignal = "SIGQUIT",
        Shell = ["/bin/bash", "-c"],
    };

    [Fact]
    public void What_the_base_brings_is_in_the_configuration_unless_the_file_changes_it()
    {
        var plan = Given.Plan("FROM debian:12\nENV PATH=/opt/bin:$PATH NEW=1\nLABEL a=mine\nEXPOSE 443\nVOLUME /more\n", With("debian:12", Debian));

        var config = plan.Target.Config;
        Assert.Equal<string>(["PATH=/opt/bin:/usr/bin:/bin", "LANG=C.UTF-8", "NEW=1"], config.Env);
        Assert.Equal<string>(["443/tcp", "80/tcp"], config.ExposedPorts);
        Assert.Equal<string>(["/data", "/more"], config.Volumes);
        Assert.Equal("mine", config.Labels["a"]);
        Assert.Equal("base", config.Labels["b"]);
        Assert.Equal(("app", "/srv", "SIGQUIT"), (config.User, config.WorkingDir, config.StopSignal));
        Assert.Equal<string>(["bash"], config.Cmd);
    }

    [Fact]
    public void Steps_start_from_the_user_directory_and_shell_of_the_base()
    {
        var plan = Given.Plan("FROM debian:12\nWORKDIR sub\nRUN x\nCOPY a .\n", With("debian:12", Debian));

        var run = plan.Target.Run();
        Assert.Equal<string>(["/bin/bash", "-c", "x"], run.Argv);
        Assert.Equal(("app", "/srv/sub"), (run.User, run.WorkingDirectory));
        Assert.Equal("/srv/sub/", plan.Target.Steps.OfType<BuildStep.Copy>().Single().Destination);
    }

    [Fact]
    public void A_relative_workdir_on_a_base_that_has_one_is_no_finding()
    {
        var compilation = Given.Compile("FROM debian:12\nWORKDIR sub\n", With("debian:12", Debian));

        Assert.Empty(compilation.Diagnostics);
    }

    [Fact]
    public void A_known_base_without_a_path_gets_the_usual_one_in_its_commands_only()
    {
        var plan = Given.Plan("FROM tiny\nRUN x\nENV PATH=/a:$PATH\nRUN y\n", With("tiny", new StageConfig()));

        Assert.Equal<string>([DefaultPath], plan.Target.Run(1).Environment);
        Assert.Equal<string>(["PATH=/a:" + DefaultPath["PATH=".Length..]], plan.Target.Run(2).Environment);
        Assert.Empty(Given.Plan("FROM tiny\nRUN x\n", With("tiny", new StageConfig())).Target.Config.Env);
    }

    [Fact]
    public void What_an_unknown_base_brings_is_left_out()
    {
        var plan = Given.Plan("FROM unknown\nENV A=b\nRUN x\n");

        Assert.Equal<string>(["A=b"], plan.Target.Run().Environment);
        Assert.Equal<string>(["A=b"], plan.Target.Config.Env);
    }

    [Fact]
    public void The_key_of_a_base_is_the_expanded_reference_after_any_replacement()
    {
        var text = "ARG V=12\nFROM debian:$V AS build\nFROM build\nRUN x\nFROM debian:$V\n";

        var replaced = Given.Plan(text, With("mine@snap", Debian) with { BaseOverride = "mine@snap", Target = "1" });

        Assert.Equal(new StageBase.Image("mine@snap"), replaced.Stages[0].Base);
        Assert.Equal("app", replaced.Target.Run().User);
        Assert.Equal(new StageBase.Image("debian:12"), replaced.Stages[2].Base);
    }

    [Fact]
    public void Environment_for_this_build_is_seen_by_commands_and_words_but_stays_out_of_the_image()
    {
        var options = With("debian:12", Debian) with { ExtraEnvironment = ["LANG=de_DE", "ONLY=here"] };

        var plan = Given.Plan("FROM debian:12\nENV COPY=$ONLY-$LANG\nRUN x\nENV ONLY=file\nRUN y\n", options);

        Assert.Equal<string>(["PATH=/usr/bin:/bin", "LANG=de_DE", "COPY=here-de_DE", "ONLY=here"], plan.Target.Run(1).Environment);
        Assert.Equal<string>(["PATH=/usr/bin:/bin", "LANG=de_DE", "COPY=here-de_DE", "ONLY=file"], plan.Target.Run(2).Environment);
        Assert.Equal<string>(["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "COPY=here-de_DE", "ONLY=file"], plan.Target.Config.Env);
    }

    [Theory]
    [InlineData("USER $V")]
    [InlineData("WORKDIR $V")]
    [InlineData("WORKDIR ${V}/sub")]
    [InlineData("STOPSIGNAL $V")]
    [InlineData("STOPSIGNAL SIG$V")]
    [InlineData("EXPOSE $V 80")]
    [InlineData("EXPOSE $V/tcp")]
    [InlineData("COPY a b $V")]
    [InlineData("COPY $V /x")]
    [InlineData("COPY --from=$V a b")]
    [InlineData("VOLUME $V")]
    [InlineData("ENV A=${V:?no}")]
    [InlineData("ENV A=${V?}")]
    [InlineData("RUN --network=$V x")]
    public void A_word_that_an_unknown_base_may_fill_in_is_no_error_yet(string instruction)
    {
        var unknown = Given.Compile($"FROM base\n{instruction}\n");
        var known = Given.Compile($"FROM base\n{instruction}\n", With("base", new StageConfig()));
        var declared = Given.Compile($"FROM base\nARG V\n{instruction}\n");

        Assert.Empty(unknown.Diagnostics);
        Assert.NotEmpty(known.Diagnostics);
        Assert.True(declared.HasErrors || instruction.Contains("${V}/sub", StringComparison.Ordinal) || instruction is "EXPOSE $V 80" or "COPY a b $V");
    }

    [Theory]
    [InlineData("ENV V=$BASE")]
    [InlineData("ARG V=$BASE")]
    [InlineData("ENV V=$BASE\nFROM one\nENV W=$V V=$V")]
    public void What_is_made_from_an_unknown_base_is_not_judged_either(string instructions)
    {
        var text = $"FROM base AS one\n{instructions}\nWORKDIR $V\nSTOPSIGNAL SIG$V\nENV X=${{V:?no}}\nUSER ${{V}}\n";

        Assert.Empty(Given.Compile(text).Diagnostics);
        Assert.NotEmpty(Given.Compile(text, With("base", new StageConfig())).Diagnostics);
        Assert.True(Given.Compile(text.Replace("$BASE", "\"\"", StringComparison.Ordinal)).HasErrors);
    }

    [Fact]
    public void A_word_that_an_unknown_base_may_fill_in_stays_in_the_plan_as_written()
    {
        var plan = Given.Plan("FROM base\nUSER $APP_USER\nWORKDIR $APP_HOME\nCOPY a $APP_ETC/\n");

        Assert.Equal("$APP_USER", plan.Target.Config.User);
        Assert.Equal("/$APP_HOME", plan.Target.Config.WorkingDir);
        Assert.Equal("/", plan.Target.Steps.OfType<BuildStep.Copy>().Single().Destination);
    }

    [Fact]
    public void Triggers_of_a_base_are_not_passed_on()
    {
        var plan = Given.Plan("FROM old\nONBUILD RUN y\n", With("old", new StageConfig { OnBuild = ["RUN x"] }));

        Assert.Equal("RUN x", plan.Target.Steps.Single().Text);
        Assert.Equal<string>(["RUN y"], plan.Target.Config.OnBuild);
    }

    [Fact]
    public void An_unset_variable_is_a_finding_once_the_base_is_known()
    {
        Assert.Empty(Given.Compile("FROM debian:12\nENV H=$JAVA_HOME\n").Diagnostics);
        Assert.Equal<string>(["UndefinedVar"], Given.Compile("FROM debian:12\nENV H=$JAVA_HOME\n", With("debian:12", Debian)).RuleNames());
    }

    private static CompileOptions With(string reference, StageConfig config) =>
        new() { BaseConfigs = new Dictionary<string, StageConfig> { [reference] = config } };
}
