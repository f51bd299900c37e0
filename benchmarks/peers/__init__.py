"""What a tester would use instead: the same page, put into other tools by somebody who knows them."""
