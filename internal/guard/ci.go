package guard

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// LocalRun is the run outside CI.
const LocalRun = "local"

// Surroundings are what the CI system tells of a run in its environment.
type Surroundings struct {
	System  string // "GitHub Actions", …; "" outside CI
	Run     string // the pipeline run with its attempt; "local" outside CI
	Job     string
	Address string // the page a person opens
	Commit  string
	Branch  string
	Base    string // the branch that a change is to go to, "" when nobody says
	Root    string // the workspace; "" when nobody says
}

// system reads one CI system's variables.
type system struct {
	name, proof                        string // the variable that proves it
	run                                []string
	job, address, commit, branch, root string
}

// systems are the CI systems that are known, as their documentation names their
// variables.
func systems() []system {
	return []system{
		{"GitHub Actions", "GITHUB_ACTIONS", []string{"GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"}, "GITHUB_JOB", "", "GITHUB_SHA", "GITHUB_REF_NAME", "GITHUB_WORKSPACE"},
		{"GitLab CI", "GITLAB_CI", []string{"CI_PIPELINE_ID"}, "CI_JOB_NAME", "CI_JOB_URL", "CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_PROJECT_DIR"},
		{"Jenkins", "JENKINS_URL", []string{"BUILD_TAG"}, "STAGE_NAME", "BUILD_URL", "GIT_COMMIT", "BRANCH_NAME", "WORKSPACE"},
		{"CircleCI", "CIRCLECI", []string{"CIRCLE_WORKFLOW_ID"}, "CIRCLE_JOB", "CIRCLE_BUILD_URL", "CIRCLE_SHA1", "CIRCLE_BRANCH", "CIRCLE_WORKING_DIRECTORY"},
		{"Azure Pipelines", "TF_BUILD", []string{"BUILD_BUILDID"}, "SYSTEM_JOBDISPLAYNAME", "", "BUILD_SOURCEVERSION", "BUILD_SOURCEBRANCHNAME", "BUILD_SOURCESDIRECTORY"},
		{"Buildkite", "BUILDKITE", []string{"BUILDKITE_BUILD_ID"}, "BUILDKITE_LABEL", "BUILDKITE_BUILD_URL", "BUILDKITE_COMMIT", "BUILDKITE_BRANCH", "BUILDKITE_BUILD_CHECKOUT_PATH"},
		{"Bitbucket Pipelines", "BITBUCKET_BUILD_NUMBER", []string{"BITBUCKET_BUILD_NUMBER"}, "BITBUCKET_STEP_UUID", "", "BITBUCKET_COMMIT", "BITBUCKET_BRANCH", "BITBUCKET_CLONE_DIR"},
		{"Woodpecker", "CI_PIPELINE_NUMBER", []string{"CI_REPO", "CI_PIPELINE_NUMBER"}, "CI_STEP_NAME", "CI_PIPELINE_URL", "CI_COMMIT_SHA", "CI_COMMIT_BRANCH", "CI_WORKSPACE"},
		{"Drone", "DRONE", []string{"DRONE_REPO", "DRONE_BUILD_NUMBER"}, "DRONE_STEP_NAME", "DRONE_BUILD_LINK", "DRONE_COMMIT_SHA", "DRONE_COMMIT_BRANCH", "DRONE_WORKSPACE"},
		{"Travis CI", "TRAVIS", []string{"TRAVIS_BUILD_ID"}, "TRAVIS_JOB_NAME", "TRAVIS_BUILD_WEB_URL", "TRAVIS_COMMIT", "TRAVIS_BRANCH", "TRAVIS_BUILD_DIR"},
		{"TeamCity", "TEAMCITY_VERSION", []string{"BUILD_NUMBER"}, "TEAMCITY_BUILDCONF_NAME", "BUILD_URL", "BUILD_VCS_NUMBER", "", ""},
	}
}

// Surround reads the surroundings; dir is where the command runs, for git.
func Surround(getenv func(string) string, dir string) Surroundings {
	s := Surroundings{Run: LocalRun}
	for _, c := range systems() {
		if v := getenv(c.proof); v == "" || v == "false" {
			continue
		}
		var id []string
		for _, name := range c.run {
			if v := getenv(name); v != "" {
				id = append(id, v)
			}
		}
		s = Surroundings{
			System: c.name, Run: strings.Join(id, "."), Job: getenv(c.job), Commit: getenv(c.commit),
			Branch: getenv(c.branch), Root: getenv(c.root),
		}
		if c.address != "" {
			s.Address = getenv(c.address)
		}
		s.leg(getenv)
		break
	}
	for _, name := range bases() {
		if s.Base == "" && s.System != "" {
			s.Base = strings.TrimPrefix(getenv(name), "refs/heads/")
		}
	}
	if own := getenv("POSTFLIGHT_RUN"); own != "" { // a CI system that is not known
		s.Run = own
	}
	if s.Run == "" {
		s.Run = "unnamed"
	}
	if s.System == "GitHub Actions" && getenv("GITHUB_REPOSITORY") != "" {
		s.Address = getenv("GITHUB_SERVER_URL") + "/" + getenv("GITHUB_REPOSITORY") + "/actions/runs/" + getenv("GITHUB_RUN_ID")
	}
	if strings.HasPrefix(s.Root, "~") || !filepath.IsAbs(s.Root) {
		s.Root = ""
	}
	if info, err := os.Stat(s.Root); err != nil || !info.IsDir() {
		s.Root = "" // in a container the workspace may be elsewhere
	}
	if s.Commit == "" || s.Branch == "" || s.Root == "" {
		s.ask(dir)
	}
	if s.Root == "" {
		s.Root = checkout(dir)
	}
	return s
}

// leg tells the jobs of a matrix apart: they have one name, and the same steps.
// A system that numbers them says so; GitHub only names the machine.
func (s *Surroundings) leg(getenv func(string) string) {
	switch s.System {
	case "GitHub Actions":
		if m := getenv("RUNNER_NAME"); m != "" && s.Job != "" {
			s.Job += " on " + m
		}
	case "CircleCI":
		s.numbered(getenv("CIRCLE_NODE_INDEX"), getenv("CIRCLE_NODE_TOTAL"))
	case "Buildkite":
		s.numbered(getenv("BUILDKITE_PARALLEL_JOB"), getenv("BUILDKITE_PARALLEL_JOB_COUNT"))
	case "Azure Pipelines":
		s.numbered(getenv("SYSTEM_JOBPOSITIONINPHASE"), getenv("SYSTEM_TOTALJOBSINPHASE"))
	case "Bitbucket Pipelines":
		s.numbered(getenv("BITBUCKET_PARALLEL_STEP"), getenv("BITBUCKET_PARALLEL_STEP_COUNT"))
	}
}

func (s *Surroundings) numbered(index, total string) {
	if index != "" && total != "" && total != "1" {
		s.Job += " " + index + "/" + total
	}
}

// bases are the variables that name the branch that a change is to go to, or
// the main one.
func bases() []string {
	return []string{
		"GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_DEFAULT_BRANCH", "CHANGE_TARGET", "SYSTEM_PULLREQUEST_TARGETBRANCH",
		"BUILDKITE_PULL_REQUEST_BASE_BRANCH", "BITBUCKET_PR_DESTINATION_BRANCH", "CI_COMMIT_TARGET_BRANCH", "DRONE_TARGET_BRANCH",
	}
}

// checkout is the folder that holds dir's repository, told without git; dir when
// there is none.
func checkout(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// ask fills in from git what the CI system did not tell.
func (s *Surroundings) ask(dir string) {
	lines := strings.Split(git(dir, "rev-parse", "--show-toplevel", "HEAD", "--abbrev-ref", "HEAD"), "\n")
	for i, field := range []*string{&s.Root, &s.Commit, &s.Branch} {
		if *field == "" && i < len(lines) {
			*field = strings.TrimSpace(lines[i])
		}
	}
}

// git asks git; "" when there is none, or no repository.
func git(dir string, args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil || len(out) > 4096 {
		return ""
	}
	return strings.TrimSpace(string(out))
}
