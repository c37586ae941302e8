import SimulatorStage

/// Locations, work roles, work types and configurations.
extension Models {
    static let location = Model<Location>(
        typeName: "Location", resource: "location",
        fields: [
            Field("id", .integer) { location, _ in .integer(location.id) },
            Field("name", .text(longest: 50)) { location, _ in .text(location.name) },
            Field("locationFlag", .flag) { _, _ in true },
        ], shortcuts: stamps(\.stamp), info: { location, _ in info(location.stamp, entered: false) })

    static let workRole = Model<WorkRole>(
        typeName: "WorkRole", resource: "workRole",
        fields: [
            Field("id", .integer) { role, _ in .integer(role.id) },
            Field("name", .text(longest: 50)) { role, _ in .text(role.name) },
            Field("inactiveFlag", .flag) { role, _ in .flag(role.inactive) },
            Field("addAllLocations", .flag) { role, _ in .flag(role.isEverywhere) },
            Field("locationIds", .list) { role, _ in .list(role.locationIDs.map { .integer($0) }) },
        ], shortcuts: stamps(\.stamp), info: { role, _ in info(role.stamp, entered: false) })

    static let workType = Model<WorkType>(
        typeName: "WorkType", resource: "workType",
        fields: [
            Field("id", .integer) { type, _ in .integer(type.id) },
            Field("name", .text(longest: 50)) { type, _ in .text(type.name) },
            Field("billTime", .choice(billable)) { type, _ in .text(type.billTime) },
            Field("inactiveFlag", .flag) { type, _ in .flag(type.inactive) },
        ], shortcuts: stamps(\.stamp), info: { type, _ in info(type.stamp, entered: false) })

    /// Without an id of its own, as documented.
    static let locationWorkRole = Model<LocationWorkRole>(
        typeName: "LocationWorkRole", resource: "locationWorkRole",
        fields: [
            Field("location", .reference(named)) { enabled, ledger in
                reference(
                    enabled.location.id, enabled.location.name, href: ledger.hrefBase, "system/locations",
                    "location_href")
            },
            Field("workRole", .reference(named)) { enabled, ledger in
                reference(enabled.role.id, enabled.role.name, href: ledger.hrefBase, "time/workRoles", "workRole_href")
            },
            Field("workRoleInactiveFlag", .flag) { enabled, _ in .flag(enabled.role.inactive) },
        ],
        shortcuts: [Field("workRole/id", .integer) { enabled, _ in .integer(enabled.role.id) }],
        info: { enabled, _ in info(enabled.role.stamp, entered: false) })

    static let configuration = Model<Configuration>(
        typeName: "CompanyConfiguration", resource: "configuration",
        fields: [
            Field("id", .integer) { configuration, _ in .integer(configuration.id) },
            Field("name", .text(longest: 100)) { configuration, _ in .text(configuration.name) },
            Field("type", .reference(named)) { configuration, _ in ["id": 1, "name": .text(configuration.type)] },
            Field("status", .reference(named)) { _, _ in ["id": 1, "name": "Active"] },
            Field("company", .reference(identified)) { configuration, ledger in
                company(configuration.companyID, ledger)
            },
            Field("serialNumber", .text(longest: 250)) { configuration, _ in .text(configuration.serialNumber) },
            Field("activeFlag", .flag) { _, _ in true },
        ], shortcuts: stamps(\.stamp), info: { configuration, _ in info(configuration.stamp, entered: false) })

    /// As a ticket lists its configurations.
    static let configurationReference = Model<Configuration>(
        typeName: "ConfigurationReference", resource: "configuration",
        fields: [
            Field("id", .integer) { configuration, _ in .integer(configuration.id) },
            Field("deviceIdentifier", .text(longest: nil)) { configuration, _ in .text(configuration.name) },
        ],
        info: { configuration, ledger in
            [
                "name": .text(configuration.name),
                "configuration_href": .text("\(ledger.hrefBase)/company/configurations/\(configuration.id)"),
            ]
        })
}
