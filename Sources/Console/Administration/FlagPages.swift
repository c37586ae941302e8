import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

func flagPages() -> [PageRoute] {
    [
        .get("/flags", .viewer) { visit in
            let mayChange = visit.may(.patch, "/feature-flags/{name}")
            let rows = try await visit.get("/feature-flags").items.map { flag -> [Cell] in
                let (name, isOn) = (flag["name"].words, flag["enabled"].isTrue)
                let label = FeatureFlag(name)?.label ?? name
                return [
                    mayChange
                        ? .toggle(
                            Toggle(
                                href: "/flags/\(name)", label: isOn ? "Switch off \(label)" : "Switch on \(label)",
                                isOn: isOn,
                                hidden: ["enabled": isOn ? "false" : "true"]))
                        : .badge(isOn ? Badge(.good, "on") : Badge(.muted, "off")),
                    .main(label, sub: flag["summary"].words), .mono(name),
                ]
            }
            return Page(
                title: "Feature flags", lead: "What is switched on for your organization. A change holds at once.",
                blocks: [
                    Table(
                        caption: "Feature flags", columns: [.hidden("On or off"), "Feature", "In the API"], rows: rows
                    ).block
                ])
        },
        .post("/flags/{name}", .admin) { visit in
            let (name, isOn) = (try visit.parameter("name"), visit.entries["enabled"] == "true")
            try await visit.send(.patch, "/feature-flags/\(name)", ["enabled": .flag(isOn)])
            return .redirect("/flags", "\(FeatureFlag(name)?.label ?? name) is switched \(isOn ? "on" : "off").")
        },
    ]
}
