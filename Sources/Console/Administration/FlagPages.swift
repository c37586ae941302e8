import API
import Accounts
import BoundaryText
import HTTPTypes
import WebSupport

func flagPages() -> [PageRoute] {
    [
        .get("/flags", FeatureFlags.list.role) { visit in
            let mayChange = visit.may(FeatureFlags.update)
            let rows = try await visit.ask(FeatureFlags.list()).items.map { flag -> [Cell] in
                let (label, isOn) = (flag.name.label, flag.enabled)
                return [
                    mayChange
                        ? .toggle(
                            Toggle(
                                href: "/flags/\(flag.name.text)", label: "\(isOn ? "Disable" : "Enable") \(label)",
                                isOn: isOn, hidden: ["enabled": isOn ? "false" : "true"]))
                        : .badge(isOn ? Badge(.good, "enabled") : Badge(.muted, "disabled")),
                    .main(label, sub: flag.summary), .mono(flag.name.text),
                ]
            }
            return Page(
                title: "Feature flags",
                lead: "Features that are enabled for your organization. Changes apply at once.",
                blocks: [
                    Table(
                        caption: "Feature flags", columns: [.hidden("Enabled"), "Feature", "Name in the API"],
                        rows: rows
                    ).block
                ])
        },
        .post("/flags/{name}", FeatureFlags.update.role) { visit in
            let isOn = visit.entries["enabled"] == "true"
            let flag = try await visit.send(FeatureFlags.update(visit.place("name"), [.enabled: .flag(isOn)]))
            return .redirect("/flags", "\(flag.name.label) is \(isOn ? "enabled" : "disabled").")
        },
    ]
}
