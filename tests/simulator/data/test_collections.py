"""Up to 200 records in one call, answered in the order of the request."""


def lead(record, **values):
    return {"attributes": {"type": "Lead"}, "id": record, **values}


def send(house, *records, **more):
    return house.ask("PATCH", "/composite/sobjects", json={"records": [*records], **more})


def test_each_record_is_answered_in_its_place(house, add_leads):
    one, two, three = add_leads({}, {}, {"IsConverted": True})

    answer = send(house, lead(two, FirstName="x" * 41), lead(one[:15], City="Paris"), lead(three, City="Rome"))

    assert answer.status_code == 200
    assert answer.get_json() == [
        {
            "success": False,
            "errors": [
                {
                    "statusCode": "STRING_TOO_LONG",
                    "message": f"First Name: data value too large: {'x' * 41} (max length=40)",
                    "fields": ["FirstName"],
                }
            ],
        },
        {"id": one, "success": True, "errors": []},
        {
            "success": False,
            "errors": [
                {
                    "statusCode": "CANNOT_UPDATE_CONVERTED_LEAD",
                    "message": "cannot reference converted lead",
                    "fields": [],
                }
            ],
        },
    ]


def test_all_or_none_rolls_the_good_back_with_the_bad(house, add_leads):
    one, two = add_leads({"City": "Rome"}, {})

    answer = send(house, lead(one, City="Paris"), lead(two, Email="nobody"), allOrNone=True).get_json()

    assert answer[0]["id"] == one
    assert answer[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert answer[1]["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"
    assert house.query("SELECT City FROM Lead ORDER BY Id")[0]["City"] == "Rome"
    assert house.org.writes.count() == 0


def test_a_wrong_json_type_refuses_the_whole_call(house, add_leads):
    one, two = add_leads({}, {})

    for values, told in (
        ({"AnnualRevenue": "many"}, "Cannot deserialize instance of double from VALUE_STRING value many"),
        ({"IsUnreadByOwner": "true"}, "Cannot deserialize instance of boolean from VALUE_STRING value true"),
        ({"City": 5}, "Cannot deserialize instance of string from VALUE_NUMBER_INT value 5"),
        ({"NumberOfEmployees": 1.5}, "Cannot deserialize instance of int from VALUE_NUMBER_FLOAT value 1.5"),
    ):
        answer = send(house, lead(one, City="Paris"), lead(two, **values))

        assert answer.status_code == 400
        assert answer.get_json()[0]["errorCode"] == "JSON_PARSER_ERROR"
        assert answer.get_json()[0]["message"].startswith(told)
    assert house.org.writes.count() == 0


def test_more_than_200_records_are_refused(house):
    answer = send(house, *(lead(f"00QLs0000000{number:03}") for number in range(201)))

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_missing_deleted_and_repeated_ids_fail_alone(house, add_leads):
    one, two, gone = add_leads({}, {}, {"IsDeleted": True})

    answer = send(
        house,
        lead(one, City="a"),
        lead(one, City="b"),
        lead(gone, City="c"),
        lead("00QLs0000009999AAA", City="d"),
        lead("001", City="e"),
        lead(two, City="f"),
    ).get_json()

    assert [item["errors"][0]["statusCode"] for item in answer[:5]] == [
        "DUPLICATE_VALUE", "DUPLICATE_VALUE", "ENTITY_IS_DELETED", "MALFORMED_ID", "MALFORMED_ID",
    ]  # fmt: skip
    assert answer[5]["success"]
    missing = send(house, lead("00QLs0000009999", City="x")).get_json()[0]["errors"][0]
    assert missing == {
        "statusCode": "INVALID_CROSS_REFERENCE_KEY",
        "message": "invalid cross reference id",
        "fields": [],
    }


def test_records_are_read_by_id_with_null_for_those_not_there(house, add_leads):
    one, two = add_leads({"City": "Paris"}, {"City": "Rome"})
    body = {"ids": [two, "00QLs0000009999", one[:15]], "fields": ["City"]}

    posted = house.ask("POST", "/composite/sobjects/Lead", json=body).get_json()
    got = house.ask("GET", f"/composite/sobjects/Lead?ids={two},{one}&fields=City,Company").get_json()

    assert [record and record["City"] for record in posted] == ["Rome", None, "Paris"]
    assert [record["City"] for record in got] == ["Rome", "Paris"]


def test_records_are_created_and_deleted_together(house):
    new = {"attributes": {"type": "Lead"}, "LastName": "Lee", "Company": "Acme"}
    bad = {"attributes": {"type": "Lead"}, "LastName": "Lee"}

    made = house.ask("POST", "/composite/sobjects", json={"records": [new, bad]}).get_json()

    assert made[0]["success"]
    assert made[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    undone = house.ask("POST", "/composite/sobjects", json={"allOrNone": True, "records": [new, bad]}).get_json()
    assert "id" not in undone[0]
    deleted = house.ask("DELETE", f"/composite/sobjects?ids={made[0]['id']}&allOrNone=false").get_json()
    assert deleted == [{"id": made[0]["id"], "success": True, "errors": []}]
    assert house.query("SELECT Id FROM Lead") == []
