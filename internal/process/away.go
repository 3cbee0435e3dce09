package process

import "slices"

// Away returns the first program of a tree that lets others do its work, a
// daemon or another machine, and says nothing and needs no CPU meanwhile:
// "docker". It returns "" when there is none.
func Away(tree []Process) string {
	for _, p := range tree {
		if !p.Zombie() && slices.Contains(delegates, p.Name) {
			return p.Name
		}
	}
	return ""
}

// delegates are such programs, as the kernel shortens their names.
var delegates = []string{
	"docker", "docker-compose", "docker-buildx", "com.docker.cli", "podman", "nerdctl", "buildctl", "skopeo", "crane",
	"ssh", "scp", "sftp", "rsync", "ansible", "ansible-playboo",
	"kubectl", "oc", "helm", "argocd", "skaffold", "nomad",
	"terraform", "tofu", "terragrunt", "pulumi", "packer", "vagrant",
	"aws", "gcloud", "gsutil", "az", "sam", "eksctl", "flyctl", "fly", "heroku", "vercel", "netlify", "wrangler",
	"gh", "glab", "bazel", "bazelisk", "buck2", "nix", "nix-build",
}

// Halted reports whether all processes of a tree are stopped, as a person's
// Ctrl-Z stops them: no time passes for them.
func Halted(tree []Process) bool {
	some := false
	for _, p := range tree {
		switch {
		case p.Zombie():
		case p.State == "T":
			some = true
		default:
			return false
		}
	}
	return some
}
