package rule

// pipelines are the rules about jobs and scripts as a whole.
var pipelines = []Rule{
	{
		ID: StepMissing, Number: "G29", Level: Fail, Layers: []Layer{Static, Ledger},
		Title: "A step that was expected never ran.",
		Why:   "A skipped job satisfies a required check: a path filter, an `if:` or a failed job it needs make it skipped, and the branch can be merged.",
		Fix:   "End the pipeline with a job that runs `if: always()` and calls `postflight guard close --expect FILE`, and require that one.",
		Bad:   "on:\n  pull_request:\n    paths: ['web/**']   # the job is a required check",
		Good:  "gate:\n  if: always()\n  needs: [test]\n  steps:\n    - run: postflight guard close --expect steps.txt",
	},
	{
		ID: ShallowClone, Number: "G30", Level: Warn, Layers: []Layer{Static, Wrapper},
		Title: "The history that the command compares with is not there.",
		Why:   "actions/checkout fetches one commit. `nx affected`, `turbo --filter=[main]`, `lerna --since` and `git merge-base` then find no base, and take everything, or nothing.",
		Fix:   "`fetch-depth: 0` with actions/checkout, `GIT_DEPTH: 0` in GitLab.",
		Bad:   "- uses: actions/checkout@v4\n- run: npx nx affected -t test",
		Good:  "- uses: actions/checkout@v4\n  with: { fetch-depth: 0 }\n- run: npx nx affected -t test",
	},
	{
		ID: PlaceholderScript, Number: "G39", Level: Warn, Layers: []Layer{Static},
		Title: "A script that should check something does nothing.",
		Why:   "`\"test\": \"echo no tests\"` and `\"lint\": \"true\"` end with 0; every pipeline that calls them is green for nothing.",
		Fix:   "Write the check, or remove the script so that the call fails.",
		Bad:   `"test": "echo \"no test specified\""`,
		Good:  `"test": "vitest run"`,
	},
	{
		ID: ConstantCondition, Number: "G42", Level: Warn, Layers: []Layer{Static, Ledger},
		Title: "A condition that is always the same, or a job that is green over red.",
		Why: "`if: ${{ false }} == true` is a text, and a text that is not empty is true: the condition never holds anything back. " +
			"A job with `if: always()` that only echoes is green although the jobs it needs failed.",
		Fix:  "Put the whole condition into one `${{ }}`; in a gate look at `needs.*.result`, or use `if: failure()`.",
		Bad:  "if: ${{ github.event_name == 'push' }} && true",
		Good: "if: ${{ github.event_name == 'push' && true }}",
	},
}

// hangs are the ways to never end.
var hangs = []Rule{
	{
		ID: HangTotal, Number: "H01", Level: Fail, Layers: []Layer{Wrapper},
		Title: "The step took longer than it may take.",
		Why:   "The bound is the one that was given, or three times the slow end of the last green runs; without history thirty minutes.",
		Fix:   "Read what the processes did when they were ended; raise `--timeout` if the work has grown.",
		Bad:   "npm run e2e",
		Good:  "postflight guard run --timeout 20m -- npm run e2e",
	},
	{
		ID: HangIdle, Number: "H02", Level: Fail, Layers: []Layer{Wrapper},
		Title: "Neither output nor work for minutes.",
		Why:   "No process of the group wrote a byte, and together they used next to no CPU: they wait for something that does not come. A quiet compiler uses CPU and is left alone.",
		Fix:   "Look at the sockets and wait channels in the diagnostics: they name what is waited for.",
		Bad:   "npx playwright test   # waits for a server that never started",
		Good:  "npx wait-on -t 60000 http://127.0.0.1:3000 && npx playwright test",
	},
	{
		ID: HangFinished, Number: "H03", Level: Fail, Layers: []Layer{Wrapper},
		Title: "The tests are over and the process is alive.",
		Why:   "An open timer, socket or server keeps jest and `node --test` from ending. A passed suite stays passed, and the leak is a warning.",
		Fix:   "Close in afterAll what the tests open; `jest --detectOpenHandles` names it.",
		Bad:   "beforeAll(() => { server = app.listen(0) })",
		Good:  "beforeAll(() => { server = app.listen(0) })\nafterAll(() => server.close())",
	},
	{
		ID: HangReporter, Number: "H04", Level: Fail, Layers: []Layer{Wrapper},
		Title: "The tests are over and the report never gets finished.",
		Why:   "All tests have reported, the report file has not grown for a minute, and no summary came: the reporter waits for itself.",
		Fix:   "Use one reporter at a time to find the one that hangs; update it.",
		Bad:   "vitest run --reporter=html --reporter=custom.js",
		Good:  "vitest run --reporter=junit --outputFile=junit.xml",
	},
	{
		ID: HangOrphans, Number: "H05", Level: Fail, Layers: []Layer{Wrapper},
		Title: "The command ended; what it started did not.",
		Why:   "A background server keeps the pipe of the output open: whoever waits for the end of the output waits for it too.",
		Fix:   "Stop what you start: `trap 'kill $pid' EXIT`.",
		Bad:   "npm start &\nnpm run e2e",
		Good:  "npm start & pid=$!\ntrap 'kill \"$pid\"' EXIT\nnpm run e2e",
	},
	{
		ID: HangStdin, Number: "H06", Level: Fail, Layers: []Layer{Wrapper},
		Title: "The command waits for an answer that nobody gives.",
		Why:   "A prompt (`Ok to proceed? (y)`) reads the terminal or the standard input, and in CI nobody types.",
		Fix:   "Give the answer as a flag (`npx --yes`, `-y`, `--non-interactive`) and set CI=true.",
		Bad:   "npx netlify deploy",
		Good:  "npx --yes netlify deploy --prod --site \"$SITE\"",
	},
	{
		ID: HangProgress, Number: "H07", Level: Fail, Layers: []Layer{Wrapper, History},
		Title: "One test runs far longer than it ever did.",
		Why:   "The last test that began has not ended after three times the longest it ever took.",
		Fix:   "Give each test a time limit of its own: `--test-timeout`, `jest.setTimeout`, `t.Context()`.",
		Bad:   "node --test",
		Good:  "node --test --test-timeout=60000",
	},
	{
		ID: HangLock, Number: "H08", Level: Fail, Layers: []Layer{Wrapper},
		Title: "The command waits for a lock or a port that another holds.",
		Why:   "cargo, apt, terraform and yarn wait for a lock file without end; a server that finds its port taken tries again and again.",
		Fix:   "End the holder, which the diagnostics name; give each job its own directory and port.",
		Bad:   "apt-get install -y jq",
		Good:  "apt-get -o DPkg::Lock::Timeout=60 install -y jq",
	},
}
