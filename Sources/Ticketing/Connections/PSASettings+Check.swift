import BoundaryText
import Ids
import WebSupport

extension PSASettings {
    /// The same, with the names that the ticketing system has for what was chosen anew. What stays is not asked about, so that
    /// other settings can be changed while the ticketing system is away or no longer has it.
    /// - Parameter present: what is set now.
    /// - Throws: 422 for what the ticketing system does not have; ``PSAError`` when it cannot be asked.
    func checked(
        since present: PSASettings, on live: LiveConnection, against lists: PSALists
    ) async throws -> PSASettings {
        var (settings, errors) = (self, [Problem.FieldError]())
        func check(
            _ choice: inout Choice?, _ before: Choice?, _ field: String, _ name: (Choice) async throws -> String?
        ) async throws {
            guard let chosen = choice, chosen.id != before?.id else {
                choice = choice.flatMap { _ in before }
                return
            }
            if let name = try await name(chosen) {
                choice?.name = name
            } else {
                errors.append(
                    .init(
                        field: field, code: "unknown", message: "does not exist in ConnectWise: \(chosen.id)"
                    ))
            }
        }
        try await check(&settings.workRole, present.workRole, "work_role") { choice in
            try await lists.workRoles(on: live).first { $0.id.rawValue == choice.id }?.name
        }
        try await check(&settings.workType, present.workType, "work_type") { choice in
            try await lists.workTypes(on: live).first { $0.id.rawValue == choice.id }?.name
        }
        try await check(&settings.member, present.member, "member") { choice in
            try await lists.member(.init(choice.id), on: live)?.name
        }
        for (board, status) in boardStatuses {
            var choice = Optional(status)
            try await check(&choice, present.boardStatuses[board], "board_statuses") { choice in
                do {
                    return try await lists.statuses(of: .init(board), on: live)
                        .first { $0.id.rawValue == choice.id && !$0.isInactive }?.name
                } catch PSAError.notFound {
                    return nil
                }
            }
            settings.boardStatuses[board] = choice
        }
        guard errors.isEmpty else { throw Problem.invalid(errors) }
        return settings
    }
}
