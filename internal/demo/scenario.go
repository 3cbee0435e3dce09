package demo

// Scenario is one story the drill can play.
type Scenario struct {
	// Name is the word a person types.
	Name string
	// Title is the name as shown.
	Title string
	// Summary is one line for a list.
	Summary string
	// Does says what the release, or the world, really does wrong.
	Does string
	// Expect says what a good watcher concludes.
	Expect string
	// Evidence says what a good watcher sees first.
	Evidence string
	// Releases is false where nothing is deployed and the world changes instead.
	Releases bool
	// Bad is true where the new release itself is at fault.
	Bad bool
}

// Scenarios lists every scenario in the order the drill plays them.
func Scenarios() []Scenario {
	return []Scenario{
		{
			Name: "incompatible-page", Title: "The page no longer understands the server",
			Summary:  "The API answers in a new shape and the booking page breaks.",
			Does:     "The server speaks API revision 2, which wraps every answer in data; the page in the same release still reads the old fields and throws while it draws.",
			Expect:   "Broken release: rolled back to the release before.",
			Evidence: "The booking journey fails on the new release and passes on the old one; the screenshot shows a page that never finishes loading.",
			Releases: true, Bad: true,
		},
		{
			Name: "startup-crash", Title: "The bundle dies as it starts",
			Summary:  "A minifier renames a key that the server still sends, and the page stays blank.",
			Does:     "The bundle is built with property mangling; the settings that the server writes into the page keep their names, so the first read is undefined and the script throws before its own error reporting is installed.",
			Expect:   "Broken release: rolled back to the release before.",
			Evidence: "A boot report and a browser exception with file, line and column; the source map leads to settings.ts.",
			Releases: true, Bad: true,
		},
		{
			Name: "integration-loop", Title: "A wrong payments URL and retries without end",
			Summary:  "The configured payments URL has a wrong prefix: 502s, retries, a slow shop.",
			Does:     "config.json sends payment calls to a path the provider does not know; the server tries several times, answers 502, and the page asks again.",
			Expect:   "Broken release: rolled back; the configuration change is named.",
			Evidence: "502s on the shop's own API while the provider's probe is green.",
			Releases: true, Bad: true,
		},
		{
			Name: "static-500", Title: "Every static file answers 500",
			Summary:  "A new middleware breaks scripts, styles and images; the HTML is fine.",
			Does:     "The response timing middleware wraps the response and assumes that a streamed body is always a file; it panics on every asset and on no page.",
			Expect:   "Broken release: rolled back to the release before.",
			Evidence: "The asset crawl: which URLs answer 500, since this release.",
			Releases: true, Bad: true,
		},
		{
			Name: "healthy", Title: "A good release",
			Summary:  "A small improvement that works.",
			Does:     "Each visit shows how full it is, and the page tells families about the sleigh shuttle.",
			Expect:   "Healthy: nobody is paged and nothing is rolled back.",
			Evidence: "Every journey passes on the new release, and every asset answers.",
			Releases: true,
		},
		{
			Name: "provider-down", Title: "The payments provider dies",
			Summary:  "Nothing is released; the provider stops answering.",
			Does:     "The payments provider answers 503 to everything, its own health page included.",
			Expect:   "Broken environment: a page that names the provider; no rollback and no release blamed.",
			Evidence: "The provider's probe is red, and nothing was released.",
		},
	}
}

// FindScenario returns the scenario of that name, or ErrUnknownScenario.
func FindScenario(name string) (Scenario, error) {
	for _, s := range Scenarios() {
		if s.Name == name {
			return s, nil
		}
	}
	return Scenario{}, ErrUnknownScenario
}
